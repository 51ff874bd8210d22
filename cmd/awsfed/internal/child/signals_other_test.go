//go:build !unix

package child_test

func runSignalProgram(program string, _ []string) int { panic("no program " + program) }
