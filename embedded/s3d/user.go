package s3d

import "github.com/versity/versitygw/auth"

// oneUser knows the one user. The gateway's own service of that kind answers
// an unknown access key as no S3 does.
type oneUser struct {
	auth.IAMService
	account auth.Account
}

// newOneUser makes the user that the settings name.
func newOneUser(cfg settings) oneUser {
	account := auth.Account{Access: cfg.AccessKey, Secret: cfg.SecretKey, Role: auth.RoleAdmin}
	return oneUser{auth.NewIAMServiceSingle(account), account}
}

// GetUserAccount implements auth.IAMService.
func (u oneUser) GetUserAccount(access string) (auth.Account, error) {
	if access != u.account.Access {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return u.account, nil
}
