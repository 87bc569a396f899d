package kinesisd

import "context"

type shardFilter struct {
	Type    string `json:"Type"`
	ShardID string `json:"ShardId"`
}

type listShardsRequest struct {
	target
	ExclusiveStartShardID string       `json:"ExclusiveStartShardId"`
	MaxResults            *int         `json:"MaxResults"`
	NextToken             string       `json:"NextToken"`
	ShardFilter           *shardFilter `json:"ShardFilter"`
}

type listShardsAnswer struct {
	NextToken string             `json:"NextToken,omitempty"`
	Shards    []shardDescription `json:"Shards"`
}

func (s *Server) listShards(_ context.Context, in listShardsRequest) (any, error) {
	limit, err := pageSize("maxResults", in.MaxResults, defaultShardsPage)
	if err != nil {
		return nil, err
	}
	st, after, err := s.shardsFrom(in)
	if err != nil {
		return nil, err
	}
	shards := st.describeShards(after)
	if len(shards) <= limit {
		return listShardsAnswer{Shards: shards}, nil
	}
	shards = shards[:limit]
	token, err := formatToken(page{Stream: st.name, After: shards[limit-1].ShardID, Issued: s.cfg.Now()})
	return listShardsAnswer{NextToken: token, Shards: shards}, err
}

// shardsFrom returns the stream asked for and the shard behind which to begin.
func (s *Server) shardsFrom(in listShardsRequest) (*stream, string, error) {
	if in.NextToken != "" {
		if in.target != (target{}) || in.ExclusiveStartShardID != "" {
			return nil, "", refuse(codeInvalidArgument, "NextToken and StreamName cannot be provided together.")
		}
		after, err := s.nextPage(in.NextToken)
		if err != nil {
			return nil, "", err
		}
		p, _ := parseToken[page](in.NextToken)
		st, err := s.streams.get(p.Stream)
		return st, after, err
	}
	st, err := s.streams.find(in.target)
	if err != nil || in.ShardFilter == nil {
		return st, in.ExclusiveStartShardID, err
	}
	// No shard is ever closed, so every other filter lets all of them pass.
	switch in.ShardFilter.Type {
	case "AFTER_SHARD_ID":
		return st, max(in.ExclusiveStartShardID, in.ShardFilter.ShardID), nil
	case "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP":
		return st, in.ExclusiveStartShardID, nil
	}
	return nil, "", invalid(in.ShardFilter.Type, "shardFilter.type",
		"Member must satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]")
}
