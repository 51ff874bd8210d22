package main

// firstToken opens a source and gets its first token.
func firstToken(open opener) func() error {
	return func() error {
		source, err := open()
		if err != nil {
			return err
		}
		_, err = source.Token()
		return err
	}
}

// firstTokens is all of a new source up to its first token, without a network.
func firstTokens(e effort) ([]row, error) {
	const times = 500
	bytes, allocations := make(figures), make(figures)
	var operations []operation
	for _, c := range contenders() {
		op := operation{c.name, repeat(firstToken(c.prepare(workload(new(google)))))}
		operations = append(operations, op)
		var err error
		if bytes[c.name], allocations[c.name], err = allocated(times, op); err != nil {
			return nil, err
		}
	}
	cpu, err := compare(e, processTime(), operations)
	if err != nil {
		return nil, err
	}
	return []row{{"first token, bytes", bytes}, {"first token, allocations", allocations}, {"first token, CPU, µs", cpu.dividedBy(1000)}}, nil
}
