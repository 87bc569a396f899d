package kinesisd

import (
	"context"
	"slices"
)

const (
	defaultPage       = 100
	defaultShardsPage = 1000
	maxPage           = 10000
)

type hashRange struct {
	Start string `json:"StartingHashKey"`
	End   string `json:"EndingHashKey"`
}

type sequenceRange struct {
	Start string `json:"StartingSequenceNumber"`
}

type shardDescription struct {
	ShardID             string        `json:"ShardId"`
	HashKeyRange        hashRange     `json:"HashKeyRange"`
	SequenceNumberRange sequenceRange `json:"SequenceNumberRange"`
}

type modeDetails struct {
	StreamMode string `json:"StreamMode"`
}

type metrics struct {
	ShardLevelMetrics []string `json:"ShardLevelMetrics"`
}

type streamSummary struct {
	Name    string      `json:"StreamName"`
	ARN     string      `json:"StreamARN"`
	Status  string      `json:"StreamStatus"`
	Mode    modeDetails `json:"StreamModeDetails"`
	Created epoch       `json:"StreamCreationTimestamp"`
}

// streamDetails is what DescribeStream and DescribeStreamSummary both tell.
type streamDetails struct {
	streamSummary
	RetentionPeriodHours int       `json:"RetentionPeriodHours"`
	EncryptionType       string    `json:"EncryptionType"`
	EnhancedMonitoring   []metrics `json:"EnhancedMonitoring"`
}

type streamDescription struct {
	streamDetails
	HasMoreShards bool               `json:"HasMoreShards"`
	Shards        []shardDescription `json:"Shards"`
}

type streamDescriptionSummary struct {
	streamDetails
	OpenShardCount int `json:"OpenShardCount"`
	ConsumerCount  int `json:"ConsumerCount"`
}

type describeStreamAnswer struct {
	StreamDescription streamDescription `json:"StreamDescription"`
}

type describeStreamSummaryAnswer struct {
	StreamDescriptionSummary streamDescriptionSummary `json:"StreamDescriptionSummary"`
}

type createStreamRequest struct {
	StreamName        string       `json:"StreamName"`
	ShardCount        *int         `json:"ShardCount"`
	StreamModeDetails *modeDetails `json:"StreamModeDetails"`
}

func (s *Server) createStream(ctx context.Context, in createStreamRequest) (any, error) {
	if !nameRE.MatchString(in.StreamName) {
		return nil, invalid(in.StreamName, "streamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{1,128}")
	}
	mode := modeProvisioned
	if in.StreamModeDetails != nil {
		mode = in.StreamModeDetails.StreamMode
	}
	shards := onDemandShards
	switch {
	case mode != modeProvisioned && mode != modeOnDemand:
		return nil, invalid(mode, "streamModeDetails.streamMode", "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]")
	case mode == modeOnDemand && in.ShardCount != nil:
		return nil, refuse(codeValidation, "Requests to create a stream in ON_DEMAND mode may not name a shard count.")
	case mode == modeOnDemand:
	case in.ShardCount == nil || *in.ShardCount < 1:
		return nil, invalid(derefOr(in.ShardCount, 0), "shardCount", "Member must have value greater than or equal to 1")
	case *in.ShardCount > maxShards:
		return nil, refuse(codeLimitExceeded, "This request would exceed the shard limit of %d for the account %s.", maxShards, accountID)
	default:
		shards = *in.ShardCount
	}
	return nil, s.streams.create(ctx, in.StreamName, mode, shards, s.cfg.Now())
}

func (s *Server) deleteStream(ctx context.Context, in target) (any, error) {
	st, err := s.streams.find(in)
	if err != nil {
		return nil, err
	}
	return nil, s.streams.remove(ctx, st)
}

type describeStreamRequest struct {
	target
	ExclusiveStartShardID string `json:"ExclusiveStartShardId"`
	Limit                 *int   `json:"Limit"`
}

func (s *Server) describeStream(_ context.Context, in describeStreamRequest) (any, error) {
	limit, err := pageSize("limit", in.Limit, defaultPage)
	if err != nil {
		return nil, err
	}
	st, err := s.streams.find(in.target)
	if err != nil {
		return nil, err
	}
	shards := st.describeShards(in.ExclusiveStartShardID)
	n := min(limit, len(shards))
	return describeStreamAnswer{streamDescription{
		streamDetails: st.details(), HasMoreShards: n < len(shards), Shards: shards[:n],
	}}, nil
}

func (s *Server) describeStreamSummary(_ context.Context, in target) (any, error) {
	st, err := s.streams.find(in)
	if err != nil {
		return nil, err
	}
	return describeStreamSummaryAnswer{streamDescriptionSummary{
		streamDetails: st.details(), OpenShardCount: len(st.shards),
	}}, nil
}

func (st *stream) summary() streamSummary {
	return streamSummary{Name: st.name, ARN: st.arn(), Status: "ACTIVE", Mode: modeDetails{st.mode}, Created: epoch(st.created)}
}

func (st *stream) details() streamDetails {
	return streamDetails{
		streamSummary: st.summary(), RetentionPeriodHours: int(retention.Hours()), EncryptionType: "NONE",
		EnhancedMonitoring: []metrics{{ShardLevelMetrics: []string{}}},
	}
}

// describeShards describes the shards that follow the one named.
func (st *stream) describeShards(after string) []shardDescription {
	all := make([]shardDescription, 0, len(st.shards))
	for i, sh := range st.shards {
		if sh.id <= after {
			continue
		}
		all = append(all, shardDescription{
			ShardID:             sh.id,
			HashKeyRange:        hashRange{Start: sh.first.String(), End: sh.last.String()},
			SequenceNumberRange: sequenceRange{Start: formatSequence(st.born(), 0, i)},
		})
	}
	return all
}

type listStreamsRequest struct {
	ExclusiveStartStreamName string `json:"ExclusiveStartStreamName"`
	Limit                    *int   `json:"Limit"`
	NextToken                string `json:"NextToken"`
}

type listStreamsAnswer struct {
	HasMoreStreams  bool            `json:"HasMoreStreams"`
	NextToken       string          `json:"NextToken,omitempty"`
	StreamNames     []string        `json:"StreamNames"`
	StreamSummaries []streamSummary `json:"StreamSummaries"`
}

func (s *Server) listStreams(_ context.Context, in listStreamsRequest) (any, error) {
	limit, err := pageSize("limit", in.Limit, defaultPage)
	if err != nil {
		return nil, err
	}
	after := in.ExclusiveStartStreamName
	if in.NextToken != "" {
		if after, err = s.nextPage(in.NextToken); err != nil {
			return nil, err
		}
	}
	names := s.streams.names()
	from, found := slices.BinarySearch(names, after)
	if found {
		from++
	}
	answer := listStreamsAnswer{StreamNames: []string{}, StreamSummaries: []streamSummary{}}
	for _, name := range names[from:] {
		if len(answer.StreamNames) == limit {
			answer.HasMoreStreams = true
			last := answer.StreamNames[limit-1]
			answer.NextToken, err = formatToken(page{After: last, Issued: s.cfg.Now()})
			return answer, err
		}
		// A stream deleted since is left out.
		if st, err := s.streams.get(name); err == nil {
			answer.StreamNames = append(answer.StreamNames, name)
			answer.StreamSummaries = append(answer.StreamSummaries, st.summary())
		}
	}
	return answer, nil
}

func (s *Server) nextPage(token string) (after string, err error) {
	p, ok := parseToken[page](token)
	switch {
	case !ok:
		return "", refuse(codeInvalidArgument, "NextToken is invalid.")
	case s.cfg.Now().Sub(p.Issued) > iteratorLife:
		return "", refuse(codeExpiredToken, "NextToken has expired.")
	}
	return p.After, nil
}

func pageSize(field string, limit *int, byDefault int) (int, error) {
	n := derefOr(limit, byDefault)
	if n < 1 || n > maxPage {
		return 0, invalid(n, field, "Member must have value between 1 and 10000")
	}
	return n, nil
}

func derefOr(p *int, value int) int {
	if p == nil {
		return value
	}
	return *p
}
