using System.Text.RegularExpressions;

namespace MoeActors.Host.Diagnostics;

/// <summary>Which settings hold secrets, told by their names.</summary>
internal static partial class SecretKeys
{
    /// <summary>
    /// Whether the value of <paramref name="key"/> is a secret: its name holds secret, password, token or key. Tokens of text are no secrets: tokenizers, and
    /// numbers of tokens where the value is a <paramref name="number"/>.
    /// </summary>
    public static bool Match(string key, bool number)
    {
        string rest = Tokenizer().Replace(key, "");
        return Secret().IsMatch(number ? Tokens().Replace(rest, "") : rest);
    }

    [GeneratedRegex("secret|password|passwd|passphrase|pwd|credential|token|key", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex("tokeniz(er|ers|ation)", RegexOptions.IgnoreCase)]
    private static partial Regex Tokenizer();

    [GeneratedRegex("tokens", RegexOptions.IgnoreCase)]
    private static partial Regex Tokens();
}
