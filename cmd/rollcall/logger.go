package main

import (
	"fmt"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger makes the logger of the process, which writes to standard error: level is debug, info, warn or error,
// format json or console. Times are RFC 3339 in UTC, with milliseconds.
func NewLogger(level, format string) (*zap.Logger, error) {
	l, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	encoder := zap.NewProductionEncoderConfig()
	encoder.TimeKey = "time"
	encoder.EncodeTime = func(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
		enc.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	encoder.EncodeDuration = zapcore.StringDurationEncoder
	logger, err := zap.Config{
		Level:             zap.NewAtomicLevelAt(l),
		Encoding:          format,
		EncoderConfig:     encoder,
		DisableCaller:     true,
		DisableStacktrace: true,
		OutputPaths:       []string{"stderr"},
		ErrorOutputPaths:  []string{"stderr"},
	}.Build()
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return logger, nil
}
