variable "project" {
  description = "ID of a Google Cloud project that holds nothing else."
  type        = string
}

variable "aws_region" {
  description = "AWS region whose STS vouches for the identity."
  type        = string
  default     = "us-east-1"
}

variable "name" {
  description = "Begins the names of everything that is made. A pool's name is taken for 30 days after it is destroyed: choose another one then."
  type        = string
  default     = "awsfed-live"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{3,19}$", var.name))
    error_message = "Want 4 to 20 of a-z, 0-9 and -, with a letter at the start."
  }
}

variable "outbound_issuer" {
  description = "Issuer of the AWS account's outbound identity federation, https://UUID.tokens.sts.global.api.aws. Empty: no OpenID Connect provider is made."
  type        = string
  default     = ""
}
