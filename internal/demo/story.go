package demo

import "cashtag/schemas"

// Minutes are counted from the opening of the session, 09:30 in New York.
const (
	firstMinute  = -15 // when the first post is written
	closeMinute  = 390
	lastMinute   = 400 // when the last post is written
	earningsAt   = 95
	rumourFrom   = 170
	haltFrom     = 222
	haltQuotes   = 237
	haltTo       = 242
	squeezeFrom  = 285
	squeezePause = 311
	squeezeTo    = 316
)

// role is a ticker and what happens to it during the day.
type role struct {
	ticker string
	peers  []string // named in the same breath
	cents  int      // price at the opening
	posts  int      // posts per 1000 minutes on a quiet day
	volume int      // shares a minute on a quiet day
	swing  int      // how far the price strays in ten seconds, in millionths

	attention curve // factor on posts and volume, in thousandths
	bulls     curve // share of bullish posts, in thousandths
	bears     curve // share of bearish posts, in thousandths
	reposts   curve // share of reposts, in thousandths
	moves     []move
	beats     []beat
	headlines []headline
	halts     []halt
}

// move pushes the price by so many millionths, spread evenly over its minutes.
type move struct {
	from, to, millionths int
}

// beat is a stretch of the day with a subject of its own: so many posts in a
// thousand take their words from it.
type beat struct {
	from, to, share int
	words           *words
}

// headline is a post of a news desk at a given minute.
type headline struct {
	minute int
	text   string
}

// halt is a stretch without trading: no bar is made from one minute to the
// other.
type halt struct {
	from, to     int
	status       string
	code, reason string
	quotesFrom   int    // when quotes are taken again; 0 where that is not told
	quotesCode   string // the code that tells so
}

// daily is the attention of an ordinary day: much at the open, little at noon,
// more again towards the close.
var daily = curve{{firstMinute, 500}, {0, 1700}, {25, 1500}, {90, 950}, {180, 700}, {240, 720}, {330, 1000}, {385, 1600}, {closeMinute, 1400}, {lastMinute, 700}}

// roles are the cast: three carry the story, one a mood, the others are the
// crowd.
var roles = []role{
	{
		ticker: "AMD", peers: []string{"NVDA", "INTC", "MSFT"}, cents: 17_840, posts: 1500, volume: 21_000, swing: 700,
		attention: curve{{earningsAt - 1, 1000}, {earningsAt, 6000}, {earningsAt + 6, 17_000}, {earningsAt + 25, 11_000}, {180, 4500}, {260, 2200}, {closeMinute, 1500}},
		bulls:     curve{{earningsAt - 1, 340}, {earningsAt + 2, 680}, {170, 600}, {260, 450}},
		bears:     curve{{earningsAt - 1, 240}, {earningsAt + 2, 110}, {170, 180}, {260, 280}},
		reposts:   curve{{earningsAt - 1, 150}, {earningsAt, 420}, {180, 260}, {260, 160}},
		moves:     []move{{earningsAt, earningsAt + 2, 61_000}, {earningsAt + 2, earningsAt + 9, 34_000}, {110, 150, 12_000}, {160, 270, -21_000}},
		beats:     []beat{{earningsAt, 160, 800, &earningsWords}, {160, lastMinute, 450, &afterEarningsWords}},
		headlines: []headline{
			{earningsAt, "JUST IN: {T} posts quarterly results hours ahead of schedule. Revenue and profit both above every estimate we track"},
			{earningsAt + 1, "{T} results out early: data center up sharply, outlook for the year raised {url}"},
			{earningsAt + 12, "{T} confirms the early release was a mistake, says the figures stand. Shares {move} {url}"},
			{155, "What we know about the early {T} release, and what the call tonight has to answer {url}"},
		},
	},
	{
		ticker: "INTC", peers: []string{"AMD", "NVDA"}, cents: 4_310, posts: 1200, volume: 34_000, swing: 600,
		attention: curve{{rumourFrom - 1, 1000}, {rumourFrom + 10, 2200}, {rumourFrom + 30, 8000}, {haltFrom, 17_000}, {haltQuotes, 13_000}, {haltTo + 4, 15_000}, {290, 4500}, {350, 1800}},
		bulls:     curve{{rumourFrom - 1, 280}, {rumourFrom + 10, 620}, {haltFrom, 600}, {haltQuotes, 200}, {330, 260}},
		bears:     curve{{rumourFrom - 1, 280}, {rumourFrom + 10, 120}, {haltFrom, 130}, {haltQuotes, 560}, {330, 330}},
		reposts:   curve{{rumourFrom - 1, 150}, {rumourFrom + 15, 550}, {haltTo, 450}, {300, 200}},
		moves:     []move{{rumourFrom, rumourFrom + 25, 14_000}, {rumourFrom + 25, haltFrom, 47_000}, {haltTo, haltTo + 3, -78_000}, {haltTo + 3, 330, 11_000}},
		beats: []beat{
			{rumourFrom, haltFrom, 850, &rumourWords},
			{haltFrom, haltQuotes, 800, &haltWords},
			{haltQuotes, 300, 800, &denialWords},
		},
		headlines: []headline{
			{rumourFrom, "hearing from two people that someone is about to make an offer for {T}. not confirmed, be careful"},
			{rumourFrom + 28, "Talk of a bid for {T} is making the rounds. We have asked the company and have no answer yet"},
			{haltFrom, "HALT: {T} halted at 13:12 ET, code T1, news pending"},
			{haltQuotes - 2, "{T} says it is not in talks with anybody about a sale and knows of no offer {url}"},
			{haltTo, "{T} resumes trading after the denial"},
		},
		halts: []halt{{
			from: haltFrom, to: haltTo, status: schemas.SymbolHalted, code: "T1", reason: "News pending",
			quotesFrom: haltQuotes, quotesCode: "T3",
		}},
	},
	{
		ticker: "GME", peers: []string{"TSLA", "PLTR"}, cents: 2_690, posts: 1300, volume: 9_000, swing: 1100,
		attention: curve{{squeezeFrom - 20, 1000}, {squeezeFrom, 2500}, {squeezePause, 10_000}, {squeezeTo, 9000}, {350, 3500}, {closeMinute, 2500}},
		bulls:     curve{{squeezeFrom - 20, 480}, {squeezePause, 720}, {350, 480}},
		bears:     curve{{squeezeFrom - 20, 220}, {squeezePause, 130}, {350, 320}},
		reposts:   curve{{squeezeFrom, 180}, {squeezePause, 350}, {350, 200}},
		moves:     []move{{squeezeFrom, squeezePause, 122_000}, {squeezeTo, 325, 31_000}, {325, 385, -88_000}},
		beats:     []beat{{squeezeFrom, 340, 700, &squeezeWords}},
		headlines: []headline{{squeezePause, "{T} paused for volatility, code LUDP, {move} on the day"}},
		halts: []halt{{
			from: squeezePause, to: squeezeTo, status: schemas.SymbolPaused, code: "LUDP", reason: "Volatility trading pause",
		}},
	},
	{
		ticker: "TSLA", peers: []string{"NVDA", "GME"}, cents: 38_650, posts: 2300, volume: 42_000, swing: 650,
		attention: curve{{0, 1000}, {60, 1900}, {130, 1500}, {200, 900}},
		bulls:     curve{{0, 310}, {60, 230}, {200, 330}},
		bears:     curve{{0, 330}, {60, 520}, {200, 300}},
		moves:     []move{{5, 130, -29_000}, {200, 380, 9_000}},
	},
	{ticker: "AAPL", peers: []string{"MSFT", "GOOGL"}, cents: 25_410, posts: 2400, volume: 26_000, swing: 300},
	{ticker: "NVDA", peers: []string{"AMD", "MSFT", "AVGO"}, cents: 18_280, posts: 2500, volume: 95_000, swing: 500, moves: []move{{earningsAt + 1, earningsAt + 20, 11_000}}},
	{ticker: "MSFT", peers: []string{"AAPL", "GOOGL"}, cents: 41_260, posts: 1300, volume: 12_000, swing: 280},
	{ticker: "AMZN", peers: []string{"WMT", "MSFT"}, cents: 21_730, posts: 1300, volume: 19_000, swing: 350},
	{ticker: "GOOGL", peers: []string{"META", "MSFT"}, cents: 30_540, posts: 1100, volume: 14_000, swing: 330},
	{ticker: "META", peers: []string{"GOOGL", "NFLX"}, cents: 64_920, posts: 1000, volume: 8_000, swing: 380},
	{ticker: "AVGO", peers: []string{"NVDA", "AMD"}, cents: 33_150, posts: 600, volume: 9_000, swing: 480},
	{ticker: "NFLX", peers: []string{"DIS", "AMZN"}, cents: 9_480, posts: 600, volume: 11_000, swing: 380},
	{ticker: "PLTR", peers: []string{"NVDA", "GME"}, cents: 15_260, posts: 1200, volume: 31_000, swing: 700},
	{ticker: "DIS", peers: []string{"NFLX"}, cents: 10_170, posts: 500, volume: 6_000, swing: 300},
	{ticker: "JPM", peers: []string{"BAC", "GS"}, cents: 28_830, posts: 450, volume: 5_000, swing: 260},
	{ticker: "BAC", peers: []string{"JPM", "GS"}, cents: 4_710, posts: 400, volume: 22_000, swing: 280},
	{ticker: "GS", peers: []string{"JPM", "BAC"}, cents: 80_240, posts: 300, volume: 1_200, swing: 320},
	{ticker: "BA", peers: []string{"JPM"}, cents: 20_890, posts: 500, volume: 4_000, swing: 420},
	{ticker: "WMT", peers: []string{"AMZN"}, cents: 12_540, posts: 400, volume: 9_000, swing: 220},
	{ticker: "XOM", peers: []string{"JPM"}, cents: 15_660, posts: 350, volume: 8_000, swing: 270},
	{ticker: "BRK.B", peers: []string{"AAPL", "BAC"}, cents: 49_520, posts: 300, volume: 2_500, swing: 180},
}
