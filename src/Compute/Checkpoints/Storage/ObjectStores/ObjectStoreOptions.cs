namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>What keeps two coordinators of one run from publishing over each other in an object store.</summary>
public enum ConditionalPut
{
    /// <summary>The server's own conditions (If-None-Match, If-Match); a server that ignores them is refused.</summary>
    Required,

    /// <summary>Only the run's single coordinator, fenced by its database: the store looks before it puts, and somebody may come in between.</summary>
    Lock,
}

/// <summary>How an S3-compatible server is reached. Holds secrets: it is never written anywhere, and says nothing of them as text.</summary>
public sealed record ObjectStoreOptions
{
    /// <summary>URL of the server; empty = AWS in <see cref="Region"/>.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Access key id; empty = requests are not signed.</summary>
    public string AccessKey { get; init; } = "";

    /// <summary>Secret access key.</summary>
    public string SecretKey { get; init; } = "";

    /// <summary>Session token of temporary credentials; empty = none.</summary>
    public string SessionToken { get; init; } = "";

    /// <summary>Whether the bucket stands in the path (most servers of one's own) or in the host's name (AWS).</summary>
    public bool PathStyle { get; init; } = true;

    /// <summary>Bytes of one part of an upload, and of the one buffer each upload has.</summary>
    public long PartBytes { get; init; } = 16 << 20;

    /// <summary>How concurrent publishers are kept apart.</summary>
    public ConditionalPut Conditions { get; init; } = ConditionalPut.Required;

    /// <summary>Patience with a connection, an answer, and a silence in the middle of one.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Attempts at a request that failed for a reason that may pass.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Pause before the second attempt; doubles from one to the next.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The server, without any secret.</summary>
    public override string ToString() => $"{(Endpoint.Length > 0 ? Endpoint : "AWS")} ({Region})";
}
