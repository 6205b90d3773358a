// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

// tokenHeader is the first part of a JSON Web Token.
type tokenHeader struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ,omitempty"`
	KeyID     string `json:"kid,omitempty"`
	// Thumbprints of the certificate, in base64 of either alphabet.
	SHA1   string `json:"x5t,omitempty"`
	SHA256 string `json:"x5t#S256,omitempty"`
}

// audience is one audience or a list of one.
type audience string

// UnmarshalJSON reads a text, or a list of one text.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*a = audience(one)
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil || len(list) != 1 {
		return errors.New("the audience is not one text")
	}
	*a = audience(list[0])
	return nil
}

// assertionClaims is the second part of a token that a client signs.
type assertionClaims struct {
	Audience  audience `json:"aud"`
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Expires   int64    `json:"exp"`
	NotBefore int64    `json:"nbf"`
}

// accessClaims is the second part of a token that the simulator issues.
type accessClaims struct {
	Audience  string `json:"aud"`
	Issuer    string `json:"iss"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
	AppID     string `json:"appid"`
	IDType    string `json:"idtyp"`
	ObjectID  string `json:"oid"`
	Subject   string `json:"sub"`
	TenantID  string `json:"tid"`
	Version   string `json:"ver"`
}

var errToken = errors.New("the token cannot be read")

// parts of a token: the signed text and the signature.
type signedText struct {
	text      string
	signature []byte
}

// parseToken takes a token apart and reads its two parts.
func parseToken(token string, header, claims any) (signedText, error) {
	pieces := strings.Split(token, ".")
	if len(pieces) != 3 || len(token) > 1<<15 {
		return signedText{}, errToken
	}
	for i, into := range []any{header, claims} {
		data, err := base64.RawURLEncoding.DecodeString(pieces[i])
		if err != nil || json.Unmarshal(data, into) != nil {
			return signedText{}, errToken
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(pieces[2])
	if err != nil {
		return signedText{}, errToken
	}
	return signedText{pieces[0] + "." + pieces[1], signature}, nil
}

// signToken returns a token under the simulator's own key.
func (s *Server) signToken(claims accessClaims) string {
	header, err := json.Marshal(tokenHeader{Algorithm: "EdDSA", Type: "JWT", KeyID: "pmks-simulator"})
	body, bodyErr := json.Marshal(claims)
	if err != nil || bodyErr != nil {
		return ""
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.signer, []byte(text)))
}

// readToken returns the claims of a token that the simulator has issued. It does
// not look at the clock.
func (s *Server) readToken(token string) (accessClaims, error) {
	var header tokenHeader
	var claims accessClaims
	signed, err := parseToken(token, &header, &claims)
	if err != nil {
		return accessClaims{}, err
	}
	public := s.signer.Public().(ed25519.PublicKey) //nolint:errcheck,forcetypeassert // that is what it is
	if header.Algorithm != "EdDSA" || !ed25519.Verify(public, []byte(signed.text), signed.signature) {
		return accessClaims{}, errors.New("the signature of the token is not the simulator's")
	}
	return claims, nil
}

// verifies reports whether a key has signed a text under an algorithm. "none" and
// algorithms with a shared secret are never accepted.
func (t signedText) verifies(algorithm string, key crypto.PublicKey) bool {
	sum := sha256.Sum256([]byte(t.text))
	switch key := key.(type) {
	case *rsa.PublicKey:
		switch algorithm {
		case "RS256":
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) == nil
		case "PS256":
			return rsa.VerifyPSS(key, crypto.SHA256, sum[:], t.signature, nil) == nil
		}
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || len(t.signature) != 64 {
			return false
		}
		return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(t.signature[:32]), new(big.Int).SetBytes(t.signature[32:]))
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && ed25519.Verify(key, []byte(t.text), t.signature)
	}
	return false
}

// sameThumbprint compares a thumbprint with that of a certificate, in either
// alphabet of base64.
func sameThumbprint(text string, sum []byte) bool {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if data, err := encoding.DecodeString(text); err == nil && bytes.Equal(data, sum) {
			return true
		}
	}
	return false
}
