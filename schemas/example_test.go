package schemas_test

import (
	"fmt"
	"time"

	"cashtag/schemas"
)

func ExampleEvent() {
	halt := &schemas.Symbol{
		MIC:       schemas.MICXNYS,
		Ticker:    "AAPL",
		Status:    schemas.SymbolHalted,
		Code:      "T1",
		ChangedAt: time.Date(2026, 8, 24, 15, 0, 0, 0, time.UTC),
	}
	id := schemas.SymbolID(halt.MIC, halt.Ticker, halt.Status, halt.ChangedAt)
	event := schemas.New(id, schemas.SourceIEX, halt.Ticker, halt.ChangedAt, halt)
	if err := event.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	line, err := event.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", line)

	decoded, err := schemas.Decode(line)
	if err != nil {
		fmt.Println(err)
		return
	}
	if symbol, ok := decoded.Data.(*schemas.Symbol); ok {
		fmt.Println(symbol.Ticker, symbol.Status, "at", decoded.Time)
	}

	halt.Status = "frozen"
	fmt.Println(event.Validate())
	// Output:
	// {"specversion":"1.0","id":"XNYS:AAPL:halted:2026-08-24T15:00:00Z","source":"/iex","type":"cashtag.symbol.v1","subject":"AAPL","time":"2026-08-24T15:00:00Z","datacontenttype":"application/json","dataschema":"urn:cashtag:schema:symbol.v1","data":{"mic":"XNYS","ticker":"AAPL","status":"halted","code":"T1","changed_at":"2026-08-24T15:00:00Z"}}
	// AAPL halted at 2026-08-24 15:00:00 +0000 UTC
	// field data.status is "frozen": must be one of ["halted" "paused" "quoting" "trading"]
}
