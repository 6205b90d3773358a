// SPDX-License-Identifier: Apache-2.0

// Package providertest is what the tests of every provider are made of: tables in
// the provider, the work here.
//
//   - [Bench] says once how a provider reaches its simulator and what only that cloud can
//     know. Its methods are tests: Conformance, Matrix, Crowd, Budgets, List,
//     EmptyReads, EmptyAnswers, Refusals, BadRequests, Capabilities.
//   - [Matrix] makes every operation fail at every request that it makes, in every way
//     that a network, a proxy or a cloud can fail; [Matrix.RunJobs] stops whole jobs at
//     their requests and runs them again; [Crowd] is many callers of one handler.
//   - [Call] is a call of a handler, for the tables.
//   - [Credentials], [BadConfigs] and [ShowNone] are for what comes before the first call.
//   - [Replay] records what is sent against answers that were written by hand;
//     [Respond], [Answer] and [RoundTripper] make single answers.
//
// It works at the interface of handlers, at the http.RoundTripper and at the controls
// that all simulators share, so that it knows nothing of the inside of one.
package providertest
