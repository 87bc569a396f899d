package demo

// words are what posts about one subject say, by mood. In a phrase {T} is the
// cashtag, {P} a peer's, {px} the price, {move} how far it is from the opening,
// {lvl} a round price near by, {tgt} one farther up, {low} one farther down, {n}
// a small number and {url} a link.
type words struct {
	bull, bear, flat []string
}

// smallTalk is what is said of any ticker on any day.
var smallTalk = words{
	bull: []string{
		"Added to {T} at {px}, happy to hold this for years",
		"{T} looks strong here, buyers at every dip",
		"love how {T} keeps making higher lows",
		"{T} breaking out above {lvl}, next stop {tgt}",
		"Best setup on my screen right now is {T}",
		"in {T} calls from yesterday, up {n}x and letting it run",
		"{T} over {P} all day, better growth at a fair price",
		"great relative strength in {T} while the market does nothing",
		"Anyone else loading {T}? This is a gift at {px}",
		"{T} {move} and volume is really good today",
		"Raising my target on {T} to {tgt}. Margins are improving every quarter",
		"{T} bulls in control, nice clean trend",
		"my favourite name for the next {n} years is still {T}",
		"Every time people doubt {T} it makes a new high",
		"bought the dip in {T}, thanks for the cheap shares",
		"{T} holding {lvl} like a champ",
		"Upgrade on {T} this morning makes sense, outlook is excellent",
		"Strong hands win. {T}",
	},
	bear: []string{
		"Sold half my {T} at {px}, too rich for me",
		"{T} looks weak, every bounce gets sold",
		"lower highs again in {T}, not touching it",
		"{T} losing {lvl} would be ugly, {low} below that",
		"Worst position in my book is {T} and it keeps bleeding",
		"puts on {T} printing, {n}x since Monday",
		"I do not understand this valuation. {T} is overpriced",
		"{T} {move} and nobody wants it",
		"cut {T} for a loss. Lesson learned",
		"Rather own {P} than {T}, growth is slowing badly",
		"downgrade on {T} was overdue, margins are terrible",
		"{T} bears finally get paid",
		"heavy selling in {T}, big blocks on the bid",
		"That guidance from {T} was awful and people still defend it",
		"failed breakout in {T}, careful here",
		"short {T} under {lvl}, stop above the high",
	},
	flat: []string{
		"Watching {T} around {lvl}",
		"{T} at {px}, {move} since the open",
		"Anyone have the date of the next {T} call?",
		"{T} going nowhere today",
		"{T} options expire this week, max pain near {lvl}",
		"What is everybody doing with {T} here?",
		"Chart of {T} {url}",
		"{T} and {P} moving together again",
		"New note on {T} from the desk {url}",
		"volume in {T} about average so far",
		"Inside day for {T}, waiting",
		"holding {T}, no change",
		"{T} trades {n} percent off its high of the year",
		"Thread on {T} and where revenue comes from {url}",
		"Reading the annual report of {T}, page {n}0",
		"{T} {px}",
	},
}

// Closers follow a phrase now and then, by mood.
var (
	bullClosers = []string{" 🚀", " 💪", " 📈", " Long.", " Not selling.", " Let's go!", " #bullish", " Patience pays."}
	bearClosers = []string{" 📉", " 🩸", " Careful.", " Short.", " I'm out.", " #bearish", " Told you.", " Ouch."}
	flatClosers = []string{" 👀", " #stocks", " Thoughts?", " No position.", " #trading", " Let's see.", " Not advice."}
)

var earningsWords = words{
	bull: []string{
		"{T} just dropped earnings in the middle of the session and it is a monster beat",
		"Huge beat from {T}, revenue way above estimates. {move} and climbing",
		"wow {T} data center numbers are incredible",
		"{T} raising guidance for the full year, this is amazing",
		"Whoever held {T} into this, congratulations. {px}!",
		"Results early or not, {T} is executing. Target {tgt}",
		"{T} beats on everything: revenue, margin, outlook. Strong buy",
		"Adding {T} on the news, {P} should follow",
		"{T} squeezing shorts after the early earnings, {move}",
		"Best quarter of {T} in {n} years. Excellent",
		"{T} with the accidental mic drop",
	},
	bear: []string{
		"{T} publishing early by accident is not a good look, who runs that site",
		"Selling {T} into this spike at {px}, too far too fast",
		"inventory at {T} is up a lot, nobody reads that part. Bad quality beat",
		"{T} {move} on a beat that was already priced in. Fading it",
	},
	flat: []string{
		"{T} results are out?? I thought the call is tonight",
		"{T} published its quarter by mistake, hours before the close {url}",
		"Full table of the {T} numbers {url}",
		"Is the {T} release real? checking the site now",
		"{T} earnings: revenue above, EPS above, guidance raised {url}",
		"{T} now {px}, {move}. Volume {n} times normal",
		"Why is {T} moving? Early earnings {url}",
		"{P} moving in sympathy with {T}",
		"Trading desk scrambling, {T} news in the middle of the day",
	},
}

var afterEarningsWords = words{
	bull: []string{
		"Every dip in {T} after those numbers is a buy",
		"{T} settling above {lvl} after the beat, that is strength",
		"Re-read the {T} release, the outlook is even better than I thought",
		"{T} shorts still trapped above {lvl}",
		"{T} at {px} is still cheap on next year's numbers",
		"Glad I held {T} through all of this, {move}",
	},
	bear: []string{
		"{T} giving back gains, told you to sell the news",
		"Took profit on {T} at {px}. The easy money is made",
		"{T} fading all afternoon, weak hands leaving",
	},
	flat: []string{
		"{T} call is after the close, same time as planned",
		"What {n} analysts say about the early {T} results {url}",
		"{T} {move} after the early release, range since noon is tight",
		"Summary of the {T} quarter in {n} charts {url}",
	},
}

var rumourWords = words{
	bull: []string{
		"Takeover talk in {T}!! Loading before it is official",
		"hearing a bid for {T} is coming, price around {tgt}",
		"{T} buyout rumour and volume is exploding. {move}",
		"If the offer is real {T} is worth {tgt} easily. Great upside",
		"{T} calls going crazy, somebody knows something",
		"Where there is smoke there is fire. Long {T}",
		"{T} takeover would be amazing for holders, finally",
		"Bought {T} on the rumour, hope I can sell the news",
	},
	bear: []string{
		"{T} rumour is nonsense, no regulator would allow that deal",
		"Source of the {T} story is an account with {n} followers. Fade it, this is fake",
		"People buying {T} at {px} on a rumour will get hurt",
	},
	flat: []string{
		"Is there any source for the {T} takeover story?",
		"{T} up on chatter about a bid, company has not commented",
		"Who would even buy {T}? Serious question",
		"{T} {move} on unconfirmed report of an offer {url}",
		"Seeing the {T} rumour everywhere now, still no confirmation",
		"Can anyone confirm {T}?",
	},
}

var haltWords = words{
	bull: []string{
		"{T} HALTED news pending. This is it, the deal is real",
		"{T} halt means an offer is coming. Called it. {tgt} when it opens",
		"never been so happy to be halted, {T}",
	},
	bear: []string{
		"{T} halted and I have a bad feeling about this",
		"stuck in {T} during a halt, this is the worst",
		"{T} halted. If it is a denial this opens much lower",
	},
	flat: []string{
		"{T} halted, code T1, last {px}",
		"Trading halt in {T}, waiting for the news {url}",
		"anyone know when {T} reopens?",
		"How long do news halts take usually? {T}",
		"Refreshing the {T} newsroom every {n} seconds",
	},
}

var denialWords = words{
	bull: []string{
		"{T} back to where it was before the rumour, nothing changed. Buying",
		"Overreaction in {T}, picking some up at {px}",
		"The denial does not hurt the business of {T}. Good entry",
	},
	bear: []string{
		"{T} denies everything. Rumour buyers got destroyed",
		"so the {T} takeover was fake, awful day for anyone who chased",
		"{T} reopening ugly, {move}",
		"Lost {n} thousand on {T} in one minute. Terrible",
		"Whoever started that {T} rumour should be investigated, total scam",
		"{T} no talks, no offer, no bid. Sell",
		"Bag holders everywhere in {T}, what a disaster",
		"{T} under {lvl} after the denial, worse than before the rumour",
		"I chased {T} at the top like an idiot, painful",
		"No offer for {T} and now everybody sells at once, {px}",
		"{T} collapse after the denial, {P} dragged down too",
	},
	flat: []string{
		"{T}: not in talks about a sale, knows of no offer {url}",
		"Company statement: no bid for {T} {url}",
		"{T} after the denial: {px}, {move}",
		"Read the whole statement on {T} here {url}",
		"What now for {T}? Chart of the day so far {url}",
		"Timeline of the {T} rumour, from the first post to the denial {url}",
		"{T} reopened at {px}",
		"Lesson of the day: wait for confirmation. {T}",
		"{T} quotes are back, trading resumes in {n} minutes",
	},
}

var squeezeWords = words{
	bull: []string{
		"{T} is doing the thing again 🚀🚀",
		"SHORTS ARE TRAPPED in {T}, nothing for sale below {tgt}",
		"{T} to the moon, diamond hands",
		"Not leaving {T}. {move} and this is only the beginning",
		"{T} volume is insane, buy and hold",
		"they cannot stop {T} today, great fun",
	},
	bear: []string{
		"{T} will end where it always ends. Careful",
		"Buying {T} up here is a bad idea, bad risk",
		"sold {T} into the squeeze, thank you and goodbye",
		"{T} rolling over, late buyers stuck again",
	},
	flat: []string{
		"{T} again?",
		"{T} paused for volatility, {px}",
		"What is going on with {T}",
		"{T} halted five minutes, LULD",
		"Borrow rate in {T} {n}0 percent now {url}",
	},
}
