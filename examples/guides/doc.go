// Package guides holds the pages of docs to what they show: its tests run each block of shell,
// compile and run each block of Go, and read HCL, YAML, JSON and diagrams as strictly as what they
// are written for.
//
// A directive, an HTML comment on the line above a block, says how the block is checked:
//
//	sh       none: runs with the other sh blocks of the page, in one bash with stubs of the tools
//	         check: new-shell: starts another bash, with a directory of its own
//	         check: shown: REASON: not run, its syntax and flags are checked
//	go       code: FILE#REGION: is, byte for byte, that region of a test file of this folder
//	hcl      none: arguments and blocks are those of the providers; a page is one configuration
//	         check: new-configuration: starts another one
//	yaml     check: KIND, or file:PATH or file:PATH#REGION, from the root of the repository
//	json     the same
//	text     output: FILE or FILE#REGION, from the root of the repository
//	console  the same; both: check: shown: REASON
//	mermaid  none
//
// A region is what stands between the lines "// [REGION]" and "// [end]", or those with another
// mark of a comment, without the indentation that its lines share. A check can end in "with
// NAME=VALUE …": the block has these names as placeholders, and is checked with the values. A
// block that no line of the table fits is a fault.
//
// The kinds are aws-policy, aws-trust-policy, ecs-task, buildspec, github-workflow, kubernetes,
// kubernetes-part (fields of a pod or of a container alone), credential-file, gcp-policy,
// org-policy, custom-constraint, ingress-policies and egress-policies (of a perimeter of VPC
// Service Controls, as gcloud takes them), audit-log and emulator-config.
//
// What sh finds: the emulator of this repository with project my-project, number 912480652101, pool
// aws-pool, provider prod, service account aws-app and AWS role app of account 123456789012; AWS
// keys in the environment, its credential file as credentials.json and in
// GOOGLE_APPLICATION_CREDENTIALS; awsfed, which runs, a server until the bash ends; curl, which
// runs for 127.0.0.1 alone; and tools that work on text and files.
//
// The lists of commands and flags in the folder lists are made by the programs in the folder
// derive.
package guides
