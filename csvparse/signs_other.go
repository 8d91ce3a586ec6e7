//go:build !amd64 || purego

package csvparse

func signs(b []byte, sign byte) uint64 { return signsPortable(b, sign) }

func cutCommas(cuts []int32, data []byte, pos int) (n, stop int) {
	return cutCommasPortable(cuts, data, pos)
}
