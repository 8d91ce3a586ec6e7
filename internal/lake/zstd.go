package lake

import (
	"github.com/klauspost/compress/zstd"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// window is how far back the compression looks. A page of a column is smaller, and the
// 8 MiB that are the default cost 16 MiB of memory for nothing.
const window = 1 << 20

// codec is parquet-go's zstd but for the window.
type codec struct {
	parquetzstd.Codec
	encoder *zstd.Encoder
}

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window),
		zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	return &codec{encoder: encoder}, err
}

// Encode implements compress.Codec.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}
