// Package awsfedgo is the root of the module and holds no code. What is here:
//
//   - awsfed: the library. Start at [github.com/awsfed/awsfed-go/awsfed.NewTokenSource].
//   - awsfed/principal: the names of workload identity federation, and what Google makes of an AWS
//     identity.
//   - awsfed/awsfedtest: an emulator of AWS and Google Cloud for tests, in the process or as a
//     server.
//   - awsfed/emulator: the same as a program, for clients in any language, in a module of its own.
//   - examples: programs to run, in a module of their own: quickstart, doctor.
package awsfedgo
