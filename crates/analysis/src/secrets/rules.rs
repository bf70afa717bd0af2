//! The rules. Forms are those that their issuers document; where an issuer gives its tokens a prefix of their own, the
//! prefix is the keyword. The rules that go by names of variables come last and ask for more entropy.

/// What a kind of secret looks like.
pub(super) struct RuleText {
    pub(super) id: &'static str,
    /// What it is, for people.
    pub(super) description: &'static str,
    /// The first group, or all of it, is the secret.
    pub(super) regex: &'static str,
    /// One of these stands near every secret of this kind, in any case.
    pub(super) keywords: &'static [&'static str],
    /// The least entropy, in bits for each byte.
    pub(super) entropy: f32,
    /// A byte without which the expression cannot fit.
    pub(super) needs: Option<u8>,
    /// How far behind its beginning it may reach, in bytes.
    pub(super) longest: usize,
}

const fn rule(
    id: &'static str,
    description: &'static str,
    regex: &'static str,
    keywords: &'static [&'static str],
    entropy: f32,
) -> RuleText {
    RuleText { id, description, regex, keywords, entropy, needs: None, longest: 512 }
}

/// Every rule; where two find the same, the first is right.
pub(super) static RULES: &[RuleText] = &[
    RuleText {
        longest: 6_000,
        ..rule(
            "private-key",
            "a private key",
            r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----\s*((?:[A-Za-z0-9+/=,: \-]+\s+){1,80})",
            &["private key"],
            3.5,
        )
    },
    rule(
        "aws-access-key",
        "an access key of AWS",
        r"\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b",
        &["akia", "asia", "abia", "acca"],
        3.0,
    ),
    rule(
        "aws-secret-key",
        "a secret key of AWS",
        r#"(?i)aws.{0,20}secret.{0,30}[=:]\s*["']?([A-Za-z0-9/+]{40})\b"#,
        &["aws"],
        4.0,
    ),
    rule(
        "github-token",
        "a token of GitHub",
        r"\b(gh[pousr]_[A-Za-z0-9]{36,})\b",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        3.0,
    ),
    rule(
        "github-fine-token",
        "a token of GitHub",
        r"\b(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
        &["github_pat_"],
        3.0,
    ),
    rule(
        "gitlab-token",
        "a token of GitLab",
        r"\b((?:glpat|gldt|glrt|glcbt|glptt|glft|glsoat)-[A-Za-z0-9_\-]{20,})",
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-"],
        3.0,
    ),
    rule(
        "slack-token",
        "a token of Slack",
        r"\b(xox[abeprs]-(?:\d-)?[A-Za-z0-9\-]{20,})",
        &["xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-"],
        2.5,
    ),
    rule(
        "slack-webhook",
        "a webhook of Slack",
        r"(https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{40,})",
        &["hooks.slack.com"],
        3.0,
    ),
    rule(
        "stripe-key",
        "a key of Stripe",
        r"\b((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{20,})\b",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
        3.0,
    ),
    rule(
        "google-api-key",
        "an API key of Google",
        r"\b(AIza[A-Za-z0-9_\-]{35})(?:[^A-Za-z0-9_\-]|$)",
        &["aiza"],
        3.5,
    ),
    rule(
        "google-oauth-secret",
        "a client secret of Google",
        r"\b(GOCSPX-[A-Za-z0-9_\-]{28})",
        &["gocspx-"],
        3.0,
    ),
    rule("npm-token", "a token of npm", r"\b(npm_[A-Za-z0-9]{36})\b", &["npm_"], 3.5),
    RuleText {
        longest: 6_000,
        ..rule("pypi-token", "a token of PyPI", r"\b(pypi-AgE[A-Za-z0-9_\-]{50,})", &["pypi-age"], 3.0)
    },
    rule("crates-io-token", "a token of crates.io", r"\b(cio[A-Za-z0-9]{32})\b", &["cio"], 3.7),
    rule(
        "sendgrid-key",
        "a key of SendGrid",
        r"\b(SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43})",
        &["sg."],
        3.5,
    ),
    rule("mailgun-key", "a key of Mailgun", r"\b(key-[a-f0-9]{32})\b", &["mailgun"], 3.0),
    rule("mailchimp-key", "a key of Mailchimp", r"\b([a-f0-9]{32}-us\d{1,2})\b", &["mailchimp"], 3.0),
    rule("twilio-key", "a key of Twilio", r"\b(SK[a-f0-9]{32})\b", &["twilio"], 3.0),
    rule(
        "anthropic-key",
        "a key of Anthropic",
        r"\b(sk-ant-(?:api|admin)\d{2}-[A-Za-z0-9_\-]{80,})",
        &["sk-ant-"],
        3.5,
    ),
    rule(
        "openai-key",
        "a key of OpenAI",
        r"\b(sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,}T3BlbkFJ[A-Za-z0-9_\-]{20,})",
        &["t3blbkfj"],
        3.5,
    ),
    rule("huggingface-token", "a token of Hugging Face", r"\b(hf_[A-Za-z]{34})\b", &["hf_"], 3.5),
    rule(
        "digitalocean-token",
        "a token of DigitalOcean",
        r"\b(do[opr]_v1_[a-f0-9]{64})\b",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        3.0,
    ),
    rule(
        "shopify-token",
        "a token of Shopify",
        r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        3.0,
    ),
    rule(
        "square-token",
        "a token of Square",
        r"\b(EAAA[A-Za-z0-9_\-]{60}|sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,43})",
        &["eaaa", "sq0atp-", "sq0csp-"],
        3.5,
    ),
    rule(
        "vault-token",
        "a token of Vault",
        r"\b(hv[sbr]\.[A-Za-z0-9_\-]{24,})",
        &["hvs.", "hvb.", "hvr."],
        3.5,
    ),
    rule(
        "terraform-token",
        "a token of Terraform Cloud",
        r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{60,})",
        &[".atlasv1."],
        3.5,
    ),
    rule(
        "doppler-token",
        "a token of Doppler",
        r"\b(dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9]{40,44})\b",
        &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa."],
        3.5,
    ),
    rule(
        "grafana-token",
        "a token of Grafana",
        r"\b(gl(?:sa|c)_[A-Za-z0-9+/_]{32,})",
        &["glsa_", "glc_"],
        3.5,
    ),
    rule("databricks-token", "a token of Databricks", r"\b(dapi[a-f0-9]{32}(?:-\d)?)\b", &["dapi"], 3.0),
    rule(
        "discord-webhook",
        "a webhook of Discord",
        r"(https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_\-]{60,})",
        &["discord.com/api/webhooks", "discordapp.com/api/webhooks"],
        3.0,
    ),
    rule(
        "telegram-token",
        "a bot's token of Telegram",
        r"\b(\d{8,10}:AA[A-Za-z0-9_\-]{33})(?:[^A-Za-z0-9_\-]|$)",
        &["telegram", ":aa"],
        3.5,
    ),
    rule(
        "azure-storage-key",
        "a storage key of Azure",
        r"AccountKey=([A-Za-z0-9+/]{86}==)",
        &["accountkey="],
        4.0,
    ),
    rule(
        "age-key",
        "a key of age",
        r"\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b",
        &["age-secret-key-1"],
        3.0,
    ),
    RuleText {
        longest: 6_000,
        ..rule(
            "jwt",
            "a JSON Web Token",
            r"\b(eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{20,})",
            &["eyj"],
            3.5,
        )
    },
    rule(
        "webhook-secret",
        "a secret that webhooks are signed with",
        r"\b(whs(?:ec|k)_[A-Za-z0-9+/]{24,200}={0,2})",
        &["whsec_", "whsk_"],
        3.5,
    ),
    RuleText {
        needs: Some(b'@'),
        ..rule(
            "url-password",
            "a password in a URL",
            r#"\b[a-zA-Z][a-zA-Z0-9+.\-]{2,20}://[^\s:@/"'<>{}\[\]$]{1,80}:([^\s:@/"'<>{}$]{6,100})@[A-Za-z0-9\[]"#,
            &["://"],
            3.0,
        )
    },
    rule(
        "assigned-secret",
        "what is named like a secret and looks like one:",
        r#"(?i)(?:pass(?:word|wd)|secret(?:[_\-]?key)?|api[_\-]?key|auth[_\-]?token|access[_\-]?token|private[_\-]?key|client[_\-]?secret)["']?\s{0,5}(?::=|[:=]>?)\s{0,5}["']([^"'\s]{12,120})["']"#,
        &[
            "password",
            "passwd",
            "secret",
            "api_key",
            "api-key",
            "apikey",
            "auth_token",
            "auth-token",
            "authtoken",
            "access_token",
            "access-token",
            "accesstoken",
            "private_key",
            "private-key",
            "privatekey",
        ],
        3.4,
    ),
];
