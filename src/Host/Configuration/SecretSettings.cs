namespace MoeActors.Host.Configuration;

/// <summary>The settings whose values are secrets: never shown, never written where others can read, and never empty by mistake.</summary>
internal static class SecretSettings
{
    /// <summary>URL of an object store, which people write credentials into.</summary>
    public const string Endpoint = ObjectStoreSettings.Section + "endpoint";

    private static readonly string[] Values =
    [
        "cluster.secret", "cluster.tls.password", "persistence.connection-string", "http.token",
        ObjectStoreSettings.Section + "access-key", ObjectStoreSettings.Section + "secret-key", ObjectStoreSettings.Section + "session-token",
    ];

    private static readonly string[] Files = ["cluster.secret-file", "http.token-file"];

    /// <summary>Whether the value of <paramref name="key"/> is a secret or holds one.</summary>
    public static bool Holds(string key) => Values.Contains(key);

    /// <summary>Whether <paramref name="key"/> is a secret, or says in which file one is: without it something would be open.</summary>
    public static bool Guards(string key) => Holds(key) || Files.Contains(key);

    /// <summary>The value of <paramref name="key"/> as messages may show it.</summary>
    public static string Shown(string key, string value) =>
        (Holds(key) && value.Length > 0) || (key == Endpoint && value.Contains('@', StringComparison.Ordinal)) ? Diagnostics.Redactor.Mark : value;
}
