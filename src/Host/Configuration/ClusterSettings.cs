namespace MoeActors.Host.Configuration;

/// <summary>The control plane.</summary>
internal sealed record ClusterSettings
{
    /// <summary>Address this node listens on and announces.</summary>
    public required string Host { get; init; }

    /// <summary>Control port; 0 = a free one.</summary>
    public required int Port { get; init; }

    /// <summary>Nodes to join; empty = start a new cluster.</summary>
    public required IReadOnlyList<NodeAddress> Join { get; init; }

    /// <summary>Fewest characters of a secret: who can connect to a node can try others without asking it again.</summary>
    internal const int LeastSecret = 16;

    /// <summary>Shared secret; null when none is set.</summary>
    public required string? Secret { get; init; }

    /// <summary>The secret that peers prove: the one that is set, else this user's own. Reads a file, and makes it at first use.</summary>
    public string ProvenSecret() => Secret ?? UserSecret.Read();

    /// <summary>Patience with a join that is not answered.</summary>
    public required TimeSpan JoinRetry { get; init; }

    /// <summary>Time a broken connection stays closed before it is tried again.</summary>
    public required TimeSpan ConnectionRetry { get; init; }

    /// <summary>Patience with a connection that is being made.</summary>
    public required TimeSpan ConnectionTimeout { get; init; }

    /// <summary>Whether nodes of another build may join.</summary>
    public required bool MixedBuilds { get; init; }

    /// <summary>Fewest threads the pool keeps ready.</summary>
    public required int MinimumThreads { get; init; }

    /// <summary>Failure detection.</summary>
    public required FailureDetectorSettings FailureDetector { get; init; }

    /// <summary>Split-brain resolver.</summary>
    public required SplitBrainSettings SplitBrain { get; init; }

    /// <summary>TLS.</summary>
    public required TlsSettings Tls { get; init; }

    /// <summary>Whether only this machine can reach the node.</summary>
    public bool IsLocal => NodeAddress.IsLoopback(Host);

    /// <summary>Reads the section.</summary>
    public static ClusterSettings Read(SettingsReader r)
    {
        var cluster = new ClusterSettings
        {
            Host = r.Name("cluster.host"),
            Port = r.Whole("cluster.port", 0, 65535),
            Join = [.. r.List("cluster.join").Select(text => NodeAddress.TryParse(text, out NodeAddress a) ? a : throw r.Wrong("cluster.join", "HOST:PORT of a running node"))],
            Secret = SecretText.Read(r, "cluster.secret", "cluster.secret-file"),
            JoinRetry = r.Interval("cluster.join-retry", 10),
            ConnectionRetry = r.Interval("cluster.connection-retry", 10),
            ConnectionTimeout = r.Duration("cluster.connection-timeout"),
            MixedBuilds = r.Switch("cluster.mixed-builds"),
            MinimumThreads = r.Whole("cluster.minimum-threads", 1, 1024),
            FailureDetector = FailureDetectorSettings.Read(r),
            SplitBrain = SplitBrainSettings.Read(r),
            Tls = TlsSettings.Read(r),
        };
        if (cluster.Secret is { Length: < LeastSecret })
        {
            // The value stays unsaid.
            string key = r.PathOrNull("cluster.secret-file") is null ? "cluster.secret" : "cluster.secret-file";
            throw new SettingsException(
                $"{r.Origin(key)}: {key}: expected a secret of at least {LeastSecret} characters (openssl rand -hex 16 makes one): who can connect to a node could find a shorter one by trying");
        }

        if (Uri.CheckHostName(cluster.Host) == UriHostNameType.Unknown)
        {
            throw r.Wrong("cluster.host", "a host name or IP address of this machine");
        }

        if (cluster.ConnectionTimeout < TimeSpan.FromMilliseconds(50) || cluster.ConnectionTimeout >= cluster.FailureDetector.AcceptablePause + cluster.SplitBrain.StableAfter)
        {
            throw r.Wrong("cluster.connection-timeout", "at least 50 ms, and less than cluster.failure-detector.acceptable-pause and cluster.split-brain.stable-after together: a node that comes back would be removed before it is reached");
        }

        return cluster.IsLocal || cluster.Secret is not null
            ? cluster
            : throw r.Wrong("cluster.host", "cluster.secret-file to be set too: a node that other machines can reach needs a shared secret");
    }
}
