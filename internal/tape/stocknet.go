package tape

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// The folders of a StockNet tape.
const (
	tweetDir = "tweet/raw"
	priceDir = "price/raw"
)

// OpenStockNet reads a tape in the StockNet layout. All of it is held in
// memory, about a kilobyte a tweet; rows that cannot be played are reported
// before it returns. It returns ErrNoTape where there is neither a tweet nor a
// price file.
func OpenStockNet(fsys fs.FS, options Options) (*Tape, error) {
	net := stockNet{
		fsys:    fsys,
		log:     &badLog{report: options.OnBad},
		tickers: make(map[string]bool),
		byPost:  make(map[string]int),
		reader:  newLineReader(),
	}
	files, err := net.list()
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, ErrNoTape
	}
	mark, err := fingerprint(fsys, fileNames(files), fmt.Sprintf("stocknet all_prices=%t", options.AllPrices))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		read := net.readTweets
		if f.price {
			read = net.readPrices
		}
		if err := read(f); err != nil {
			return nil, err
		}
	}
	return &Tape{
		fingerprint: mark,
		events:      net.timeline(options.AllPrices).events(),
		log:         net.log,
	}, nil
}

// stockNet gathers what the files say.
type stockNet struct {
	fsys    fs.FS
	log     *badLog
	tickers map[string]bool // those with a folder or a price file
	tweets  []*schemas.Tweet
	byPost  map[string]int // index into tweets by post id
	bars    []dailyBar
	reader  *lineReader
}

// dailyBar is a bar with the date of its session.
type dailyBar struct {
	date  calendar.Date
	quote *schemas.Quote
}

// tapeFile is one file of the tape with the ticker it belongs to.
type tapeFile struct {
	name   string
	ticker string
	price  bool
}

func fileNames(files []tapeFile) []string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	return names
}

// list finds the files, tweets first, each kind in order of name. It comes
// before any reading, since a text is searched for all tickers of the tape.
func (s *stockNet) list() ([]tapeFile, error) {
	var files []tapeFile
	folders, err := s.readDir(tweetDir, true)
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		dir := path.Join(tweetDir, folder)
		if !s.follow(dir, folder) {
			continue
		}
		names, err := s.readDir(dir, false)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			files = append(files, tapeFile{name: path.Join(dir, name), ticker: folder})
		}
	}
	prices, err := s.readDir(priceDir, false)
	if err != nil {
		return nil, err
	}
	for _, name := range prices {
		ticker, ok := strings.CutSuffix(name, ".csv")
		if !ok || !s.follow(path.Join(priceDir, name), ticker) {
			continue
		}
		files = append(files, tapeFile{name: path.Join(priceDir, name), ticker: ticker, price: true})
	}
	return files, nil
}

// readDir returns the names of the folders, or of the files, in a folder, without
// hidden ones; none where there is no such folder. Links are followed.
func (s *stockNet) readDir(dir string, folders bool) ([]string, error) {
	entries, err := fs.ReadDir(s.fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read tape: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		info, err := fs.Stat(s.fsys, path.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read tape: %w", err)
		}
		if info.IsDir() == folders {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// follow adds a ticker to those of the tape, and reports a name that is none.
func (s *stockNet) follow(name, ticker string) bool {
	if err := schemas.ValidTicker(ticker); err != nil {
		s.log.add(name, 0, err.Error())
		return false
	}
	s.tickers[ticker] = true
	return true
}

func (s *stockNet) readTweets(f tapeFile) error {
	for l, err := range s.reader.lines(s.fsys, f.name, s.log) {
		if err != nil {
			return err
		}
		if err := s.addTweet(l.text, f.ticker); err != nil {
			s.log.add(f.name, l.number, err.Error())
		}
	}
	return nil
}

// addTweet takes in a status, or only the folder where the status is known.
func (s *stockNet) addTweet(text []byte, folder string) error {
	tweet, err := decodeTweet(text)
	if err != nil {
		return err
	}
	if at, known := s.byPost[tweet.PostID]; known {
		first := s.tweets[at]
		first.Tickers = withFolder(first.Tickers, folder)
		return nil
	}
	tweet.Tickers = followed(tweet.Cashtags, s.tickers, folder)
	if err := tweetEvent(tweet).Validate(); err != nil {
		return err
	}
	if err := calendar.XNYS().Check(calendar.DateOf(tweet.CreatedAt)); err != nil {
		return fmt.Errorf("created_at: %w", err)
	}
	s.byPost[tweet.PostID] = len(s.tweets)
	s.tweets = append(s.tweets, tweet)
	return nil
}

func (s *stockNet) readPrices(f tapeFile) error {
	var header priceHeader
	seen := make(map[calendar.Date]bool)
	for l, err := range s.reader.lines(s.fsys, f.name, s.log) {
		if err != nil {
			return err
		}
		if header == nil {
			header, err = readHeader(string(l.text))
			if err != nil {
				s.log.add(f.name, l.number, err.Error())
				return nil
			}
			continue
		}
		if err := s.addPrice(header, string(l.text), f.ticker, seen); err != nil {
			s.log.add(f.name, l.number, err.Error())
		}
	}
	return nil
}

// addPrice takes in a row of daily prices; seen holds the dates that the ticker
// has a row for.
func (s *stockNet) addPrice(header priceHeader, text, ticker string, seen map[calendar.Date]bool) error {
	row, err := header.readRow(text)
	if err != nil {
		return err
	}
	session, ok := calendar.XNYS().Session(row.date)
	if !ok {
		return fmt.Errorf("no session of %s on %s", schemas.MICXNYS, row.date)
	}
	if seen[row.date] {
		return fmt.Errorf("a second row for %s", row.date)
	}
	quote := row.bar(ticker, session)
	if err := quoteEvent(quote).Validate(); err != nil {
		return err
	}
	seen[row.date] = true
	s.bars = append(s.bars, dailyBar{date: row.date, quote: quote})
	return nil
}

// timeline puts all events in order and adds those of the calendar.
func (s *stockNet) timeline(allPrices bool) *timeline {
	cal := calendar.XNYS()
	var span dateSpan
	for _, tweet := range s.tweets {
		span.add(cal.Day(tweet.CreatedAt))
	}
	if allPrices || len(s.tweets) == 0 {
		for _, bar := range s.bars {
			span.add(bar.date)
		}
	}
	line := &timeline{tweets: s.tweets}
	for _, bar := range s.bars {
		if span.holds(bar.date) {
			line.quotes = append(line.quotes, bar.quote)
		}
	}
	slices.SortFunc(line.tweets, compareTweets)
	slices.SortFunc(line.quotes, compareQuotes)
	line.arrange(cal, span)
	return line
}
