using MoeActors.Compute.Checkpoints.Storage.ObjectStores;

namespace MoeActors.Host.Configuration;

/// <summary>Reads checkpoint.s3: how an object store is reached. Its secrets may come from the environment instead, under the names every S3 tool knows.</summary>
internal static class ObjectStoreSettings
{
    /// <summary>The section; no part of a run's record, unlike the rest of "checkpoint".</summary>
    public const string Section = "checkpoint.s3.";

    /// <summary>Least bytes of a part that servers take.</summary>
    private const long LeastPart = 5 << 20;

    /// <summary>Reads the section.</summary>
    /// <param name="r">The settings.</param>
    /// <param name="environment">Value of an environment variable, or null.</param>
    public static ObjectStoreOptions Read(SettingsReader r, Func<string, string?> environment)
    {
        string Or(string key, string variable) => r.Text(key) is { Length: > 0 } text ? text : environment(variable) ?? "";
        var options = new ObjectStoreOptions
        {
            Endpoint = r.Text("checkpoint.s3.endpoint"),
            Region = r.Name("checkpoint.s3.region"),
            AccessKey = Or("checkpoint.s3.access-key", "AWS_ACCESS_KEY_ID"),
            SecretKey = Or("checkpoint.s3.secret-key", "AWS_SECRET_ACCESS_KEY"),
            SessionToken = Or("checkpoint.s3.session-token", "AWS_SESSION_TOKEN"),
            PathStyle = r.Switch("checkpoint.s3.path-style"),
            PartBytes = r.Size("checkpoint.s3.part-size", LeastPart),
            Conditions = r.Choice("checkpoint.s3.conditional-put", ("required", ConditionalPut.Required), ("lock", ConditionalPut.Lock)),
            Timeout = r.Duration("checkpoint.s3.timeout"),
            Attempts = r.Whole("checkpoint.s3.attempts", least: 1, most: 100),
        };
        if (options.Endpoint.Length > 0 && !(Uri.TryCreate(options.Endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0))
        {
            throw r.Wrong("checkpoint.s3.endpoint", "the URL of a server without a path, such as https://s3.example:9000");
        }

        if (options.PartBytes > 1 << 30)
        {
            throw r.Wrong("checkpoint.s3.part-size", "at most 1 GiB: each upload holds one part in memory");
        }

        if (options.Timeout < TimeSpan.FromMilliseconds(1) || options.Timeout > TimeSpan.FromHours(1))
        {
            throw r.Wrong("checkpoint.s3.timeout", "between 1 ms and 1 h");
        }

        return (options.AccessKey.Length > 0) == (options.SecretKey.Length > 0)
            ? options
            : throw new SettingsException(
                $"{r.Origin("checkpoint.s3.access-key")}: checkpoint.s3.access-key and secret-key: expected both or neither (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)");
    }
}
