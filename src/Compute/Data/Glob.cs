using System.Text;
using System.Text.RegularExpressions;

namespace MoeActors.Compute.Data;

/// <summary>A path pattern: <c>*</c> and <c>?</c> within a name, <c>[abc]</c>, <c>[!a-z]</c>, <c>**</c> over any number of folders.</summary>
internal sealed class Glob
{
    private readonly Regex _regex;
    private readonly int _depth;

    private Glob(string root, string pattern)
    {
        Root = root;
        _depth = pattern.Contains("**", StringComparison.Ordinal) ? int.MaxValue : pattern.Count(c => c == '/');
        _regex = new Regex($"^{Translate(pattern)}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
    }

    /// <summary>The longest leading folder without a wildcard.</summary>
    public string Root { get; }

    /// <summary>Whether <paramref name="path"/> holds a wildcard.</summary>
    public static bool Is(string path) => path.AsSpan().IndexOfAny("*?[") >= 0;

    /// <summary>The pattern <paramref name="path"/>, absolute; throws <see cref="CorpusException"/> when it is none ("[z-a]").</summary>
    public static Glob Parse(string path)
    {
        string[] parts = path.Split('/');
        int fixedParts = Array.FindIndex(parts, Is);
        string root = string.Join('/', parts[..fixedParts]);
        try
        {
            return new Glob(root.Length == 0 ? "/" : root, string.Join('/', parts[fixedParts..]));
        }
        catch (ArgumentException e)
        {
            throw new CorpusException($"{path}: not a pattern: check what stands between [ and ]", e);
        }
    }

    /// <summary>Absolute paths that match, by ordinal order of their relative paths; empty when the root does not exist.</summary>
    /// <param name="leftOut">Told of each run folder and tokenizer below the root; these are then skipped. Null: they are taken like anything else.</param>
    public IEnumerable<string> Matches(Action<string>? leftOut = null) =>
        Directory.Exists(Root) ? FolderWalk.Files(Root, _depth, leftOut).Where(f => _regex.IsMatch(f)).Select(f => Path.Combine(Root, f)) : [];

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder();
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            int close = c == '[' ? pattern.IndexOf(']', Math.Min(i + 2, pattern.Length)) : -1;
            if (string.CompareOrdinal(pattern, i, "**/", 0, 3) == 0)
            {
                regex.Append("(?:[^/]+/)*");
                i += 2;
            }
            else if (string.CompareOrdinal(pattern, i, "**", 0, 2) == 0)
            {
                regex.Append(".*");
                i++;
            }
            else if (close > 0)
            {
                string set = pattern[(i + 1)..close];
                bool not = set[0] == '!';
                regex.Append(not ? "[^/" : "[").Append((not ? set[1..] : set).Replace("\\", "\\\\").Replace("[", "\\[").Replace("^", "\\^")).Append(']');
                i = close;
            }
            else
            {
                regex.Append(c switch { '*' => "[^/]*", '?' => "[^/]", _ => Regex.Escape(c.ToString()) });
            }
        }

        return regex.ToString();
    }
}
