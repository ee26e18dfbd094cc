// Asks as Grafana's data source does: clickhouse-go over HTTP, with and without compression.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

const rows = 100000

func ask(address, password string, method clickhouse.CompressionMethod) error {
	db := clickhouse.OpenDB(&clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{address},
		Auth:        clickhouse.Auth{Database: "pantau", Username: "analyst", Password: password},
		Compression: &clickhouse.Compression{Method: method},
		Settings:    clickhouse.Settings{"max_execution_time": 60},
	})
	defer db.Close()
	// The driver turns what is left of this into max_execution_time, and adds five seconds.
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	found, err := db.QueryContext(ctx, "SELECT number, toString(number) AS name FROM numbers(?)", rows)
	if err != nil {
		return err
	}
	defer found.Close()
	count := uint64(0)
	for found.Next() {
		var number uint64
		var name string
		if err := found.Scan(&number, &name); err != nil {
			return err
		}
		if number != count || name != fmt.Sprint(count) {
			return fmt.Errorf("row %d is (%d, %s)", count, number, name)
		}
		count++
	}
	if err := found.Err(); err != nil {
		return err
	}
	if count != rows {
		return fmt.Errorf("%d rows instead of %d", count, rows)
	}
	var label string
	return db.QueryRowContext(ctx, "SELECT label FROM seen_by_clients WHERE n = 7").Scan(&label)
}

func main() {
	for _, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP,
	} {
		if err := ask(os.Args[1], os.Getenv("CLICKHOUSE_PASSWORD"), method); err != nil {
			fmt.Fprintf(os.Stderr, "compression %v: %v\n", method, err)
			os.Exit(1)
		}
	}
}
