/** Self-signed, for `localhost` alone, valid from 2020 to 2099; trusted by nobody but the tests that say so. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHqu78RkV0kZEzSr
aaqUIx3GvrhRZ+OZ3ivJBtrT2utjLSzvkjXh0QRG6lO+Z75kD+U+3nQBpD9cyyEw
1Nq+piajSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBRAqlqQ+sYgCCqK7Jja0quj0lZ2+DAKBggqhkjOPQQDAgNJADBG
AiEA7enE8+qdfUI7vr6Ou/9mvR+9YfM5PYfn4tvEjhNhtWICIQC+txZbcIk/AV1q
XOu8qV58x41xRLITHyJfwFePnJIy5w==
-----END CERTIFICATE-----
`;

export const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFg8DJZTLyz2O0XKJ
phX6e+zmoYxqTkVldjugiKdrgiahRANCAAR6ru/EZFdJGRM0q2mqlCMdxr64UWfj
md4ryQba09rrYy0s75I14dEERupTvme+ZA/lPt50AaQ/XMshMNTavqYm
-----END PRIVATE KEY-----
`;

/** A certificate in PEM and its private key. */
export type KeyPair = { readonly cert: string; readonly key: string };

export const valid: KeyPair = { cert: certificate, key: certificateKey };

/** Self-signed, for `localhost`, valid in 2020 only. */
export const expired: KeyPair = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBXzCCAQWgAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAls
b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATnjneU7u8lgM5YSYhz
8QjiLJ5WJnt6wdUzaU5vjxcQcQQaHQLSa434pdJlOSCCpVfZ7WowD+fh99lqTqiS
jWzUo0gwRjAUBgNVHREEDTALgglsb2NhbGhvc3QwDwYDVR0TAQH/BAUwAwEB/zAd
BgNVHQ4EFgQUSqIKruFzprnQLSa7ikfMV32K7FUwCgYIKoZIzj0EAwIDSAAwRQIh
AKPk/Jj33zZlONaT6aa+GM68inMowhiDLLny0e5Uqr3IAiBsWXPHBeU+R53wx53p
JL+VNlgwoJjYqALjKQI8skpzvA==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGUwbebBwvW5gEpON
4DwtgRctdlROSkMKMxgjQHKd/wqhRANCAATnjneU7u8lgM5YSYhz8QjiLJ5WJnt6
wdUzaU5vjxcQcQQaHQLSa434pdJlOSCCpVfZ7WowD+fh99lqTqiSjWzU
-----END PRIVATE KEY-----
`,
};

/** Like `valid`, but nobody trusts it. */
export const untrusted: KeyPair = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBYTCCAQegAwIBAgIBAzAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABK0m22/HetPfnj9s
/C7tbTLikiXCS018KmimWhQE5SYzllb6xUGiH05KXirWcBWvzIs3jsZsb5a4qY9Q
bUhBWbujSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBRQeFoOTOlb95rFSMlrBXZ6y+dmvjAKBggqhkjOPQQDAgNIADBF
AiEA5K15JG0KcKS4xxpMQg+X4hnBAEVBnbf8zIK580adTuICICrMjmOtAeCDfWcY
1ckVOp/ruESEm30/5dc0+vGrBkoI
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSEJoCV3Wj4VtpqEK
7Wrlkps3QiagcdtFgB8mlxxPptWhRANCAAStJttvx3rT354/bPwu7W0y4pIlwktN
fCpoploUBOUmM5ZW+sVBoh9OSl4q1nAVr8yLN47GbG+WuKmPUG1IQVm7
-----END PRIVATE KEY-----
`,
};
