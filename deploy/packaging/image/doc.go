// Package image tests the Dockerfile: what BuildKit's linter says of it, and the
// image that buildah builds by it, run as a container would run it.
package image
