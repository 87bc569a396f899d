package text_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"cashtag/internal/text"
)

func TestClean(t *testing.T) {
	for name, test := range map[string]struct{ post, want string }{
		"empty":                  {"", ""},
		"white space":            {" \t\n\v\f\r\u00a0\u2028\u3000", ""},
		"plain":                  {"up we go", "up we go"},
		"line ends":              {"great\nquarter\r\n\tahead", "great quarter ahead"},
		"spaces":                 {"  up   we  go ", "up we go"},
		"cashtag":                {"$AAPL up", "up"},
		"cashtag only":           {"$AAPL", ""},
		"cashtags only":          {"$AAPL $MSFT, $brk.b", ","},
		"cashtags in a row":      {"$AAPL$MSFT up", "up"},
		"cashtag between words":  {"buy $AAPL now", "buy now"},
		"class of shares":        {"sold $BRK.B $BF-B today", "sold today"},
		"cashtag ends sentence":  {"buy $AAPL. Great company", "buy . Great company"},
		"cashtag and glued word": {"$AAPL.Great", ".Great"},
		"cashtag's own":          {"$AAPL's day", "'s day"},
		"index":                  {"short $SPX_5000 now", "short now"},
		"amount of money":        {"paid $5.00 and $1,000", "paid $5.00 and $1,000"},
		"dollar in a word":       {"Micro$oft A$AP", "Micro$oft A$AP"},
		"dollar alone":           {"$ up $", "$ up $"},
		"mention":                {"RT @philstockworld: good", "RT : good"},
		"mention after a dot":    {".@CNBC said", ". said"},
		"mention of a host":      {"hi @a-b.bsky.social.", "hi ."},
		"mention with digits":    {"@_a1_b hello", "hello"},
		"mail address":           {"write a@example.com", "write a@example.com"},
		"at alone":               {"in @ 5", "in @ 5"},
		"address":                {"read http://t.co/MCOrGiuJ4O now", "read now"},
		"address in capitals":    {"HTTPS://T.CO/X now", "now"},
		"address glued":          {"read:https://t.co/x", "read:"},
		"address glued to a dot": {"good...http://t.co/x y", "good... y"},
		"address in brackets":    {"(http://t.co/x) ok", "( ok"},
		"address at line end":    {"see http://t.co/x\nnext", "see next"},
		"address with a cashtag": {"http://x.com/q?s=$AAPL up", "up"},
		"truncated address":      {"more at http… and https:/…", "more at and"},
		"www":                    {"www.example.com is up", "is up"},
		"domain and path":        {"cnb.cx/1abc pic.twitter.com/xyz fell", "fell"},
		"domain without path":    {"amazon.com fell", "amazon.com fell"},
		"slash":                  {"profit/loss 1.5/2.0 a.b/c ..x.co/y", "profit/loss 1.5/2.0 a.b/c .."},
		"entities":               {"P&amp;L &lt;3 &quot;up&quot; don&#39;t", `P&L <3 "up" don't`},
		"entity of a space":      {"up&nbsp;again", "up again"},
		"entity of a cashtag":    {"&#36;AAPL up", "up"},
		"hashtag":                {"#bullish on it", "#bullish on it"},
		"emoji":                  {"🚀🚀 moon", "🚀🚀 moon"},
		"emoji and cashtag":      {"🚀$AAPL🚀", "🚀 🚀"},
		"other scripts":          {"今日は$AAPL上がる", "今日は 上がる"},
		"hyphens":                {"long-term -- good", "long-term -- good"},
		"underscores":            {"_up_ _", "_up_ _"},
		"broken UTF-8":           {"up\xff $AAPL\xfe", "up\xff \xfe"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := text.Clean(test.post); got != test.want {
				t.Errorf("Clean(%q):\ngot  %q\nwant %q", test.post, got, test.want)
			}
		})
	}
}

var (
	address = regexp.MustCompile(`(?i)(^|[^a-z0-9_])https?://|(^|[^a-z0-9_.-])www\.`)
	tag     = regexp.MustCompile(`(^|[^A-Za-z0-9_])[$@][A-Za-z]`)
)

func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"RT @a: $BRK.B &amp; $AAPL http://t.co/x\n🚀 up", "$A.@b", "@a$B", "$a-b@c", "&#36;A", "&#x40;b", "a.www.b/c", "http://", "\xff$A", "&nGt;", "\xff_\xff",
		"AT&T P&L R&D; &&amp;&amp &copy2 &notit; &#128; &#x27; &lt;&gt&quot;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, post string) {
		got := text.Clean(post)
		if want := strings.Join(strings.Fields(got), " "); got != want {
			t.Errorf("Clean(%q) is %q: white space beyond single spaces", post, got)
		}
		if utf8.ValidString(post) && !utf8.ValidString(got) {
			t.Errorf("Clean(%q) is %q: broke the UTF-8", post, got)
		}
		if found := tag.FindString(got); found != "" {
			t.Errorf("Clean(%q) is %q: left %q", post, got, found)
		}
		// What is escaped here in its plainest form was understood in any.
		if want := text.Clean(html.EscapeString(html.UnescapeString(post))); got != want {
			t.Errorf("Clean(%q) is %q, of what its entities stand for %q", post, got, want)
		}
		if found := address.FindString(got); found != "" {
			t.Errorf("Clean(%q) is %q: left %q", post, got, found)
		}
	})
}

func TestCleanerAllocatesNothing(t *testing.T) {
	var cleaner text.Cleaner
	const post = "RT @philstockworld: don&#39;t sell $T &amp; $AAPL, AT&T &lt;3 www.example.com -- http://t.co/MCOrGiuJ4O"
	if got, want := string(cleaner.Clean(post)), text.Clean(post); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := testing.AllocsPerRun(100, func() { cleaner.Clean(post) }); got != 0 {
		t.Errorf("got %v allocations a text, want 0", got)
	}
}

func BenchmarkCleaner(b *testing.B) {
	post := "RT @philstockworld: #Fed Policy Statement and Trade Ideas for $EZCH and $AAPL #Apple #QE &amp; more   -- http://t.co/MCOrGiuJ4O"
	b.SetBytes(int64(len(post)))
	b.ReportAllocs()
	var cleaner text.Cleaner
	for b.Loop() {
		cleaner.Clean(post)
	}
}

func BenchmarkClean(b *testing.B) {
	post := "RT @philstockworld: #Fed Policy Statement and Trade Ideas for $EZCH and $AAPL #Apple #QE &amp; more   -- http://t.co/MCOrGiuJ4O"
	b.SetBytes(int64(len(post)))
	for b.Loop() {
		text.Clean(post)
	}
}

func ExampleClean() {
	fmt.Println(text.Clean("RT @trader: don&#39;t\nsell $AAPL, it looks great https://t.co/x"))
	// Output: RT : don't sell , it looks great
}
