using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Configuration;

/// <summary>Secrets among the arguments of a command: every user of the machine can read those of a process, and a run records them.</summary>
internal static class CommandLineSecrets
{
    private const string Set = "--set";

    /// <summary>PURE: the arguments as one line that may be kept, with <see cref="Redactor.Mark"/> for each secret however it was written.</summary>
    public static string Hidden(IReadOnlyList<string> arguments)
    {
        var redactor = new Redactor();
        foreach ((string key, string value) in Assignments(arguments).Where(a => IsSecret(a.Key, a.Value)))
        {
            redactor.Know(value);
        }

        return redactor.Text(string.Join(' ', arguments.Select(Hidden)));
    }

    /// <summary>PURE: the settings of the command line that hold a secret, each once.</summary>
    public static IReadOnlyList<string> Keys(IReadOnlyList<string> arguments) =>
        [.. Assignments(arguments).Where(a => a.Value.Length > 0 && SecretSettings.Shown(a.Key, a.Value) != a.Value).Select(a => a.Key).Distinct()];

    /// <summary>PURE: what is said to whoever gives the secret of <paramref name="key"/> on the command line.</summary>
    public static string Warning(string key) =>
        $"warning: --set {key}: every user of this machine can read the arguments of a process; put it into a file that only you can read ({(key is "cluster.secret" or "http.token" ? $"{key}-file=FILE, or " : "")}--config FILE), or into an environment variable that such a file names ({key} = ${{?NAME}})";

    private static string Hidden(string argument) =>
        Assignment(argument) is ({ } key, { } value) && IsSecret(key, value) ? $"{argument[..(argument.IndexOf('=', argument.IndexOf(key, StringComparison.Ordinal)) + 1)]}{Redactor.Mark}" : argument;

    private static bool IsSecret(string key, string value) =>
        SecretSettings.Shown(key, value) != value || (!SecretSettings.Guards(key) && SecretKeys.Match(key, double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _)));

    private static IEnumerable<(string Key, string Value)> Assignments(IReadOnlyList<string> arguments) =>
        arguments.Select(Assignment).Where(a => a.Key is not null).Select(a => (a.Key!, a.Value!));

    /// <summary>key=value as it stands behind --set, or in one word with it (--set=key=value, --set:key=value).</summary>
    private static (string? Key, string? Value) Assignment(string argument)
    {
        string text = argument.StartsWith(Set, StringComparison.Ordinal) && argument.Length > Set.Length && argument[Set.Length] is '=' or ':' ? argument[(Set.Length + 1)..] : argument;
        int at = text.IndexOf('=', StringComparison.Ordinal);
        return at <= 0 ? (null, null) : (text[..at].Trim(), text[(at + 1)..].Trim());
    }
}
