package setup

// HCLString lets tests quote what the fields of a plan refuse.
func HCLString(value string) string { return hclString(value) }
