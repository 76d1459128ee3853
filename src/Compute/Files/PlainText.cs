using System.Globalization;
using System.Text;

namespace MoeActors.Compute.Files;

/// <summary>
/// Text that came from a file or a peer, as a terminal may be shown it: a control character could move the cursor, hide what stands there, or answer for the user, and an
/// override of the reading direction shows another text than there is. Each is written as \u and four digits.
/// </summary>
public static class PlainText
{
    /// <summary>Whether <paramref name="c"/> is written as itself. Line feed and tabulator are control characters here as well: whoever means them says so.</summary>
    public static bool IsPlain(char c) => !char.IsControl(c) && c is not ((>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));

    /// <summary>Whether all of <paramref name="text"/> is.</summary>
    public static bool IsPlain(string text) => text.All(IsPlain);

    /// <summary><paramref name="c"/> written out.</summary>
    public static string Escape(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");

    /// <summary>One line: also its line feeds are written out.</summary>
    public static string Line(string text)
    {
        if (IsPlain(text))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            _ = IsPlain(c) ? plain.Append(c) : plain.Append(Escape(c));
        }

        return plain.ToString();
    }
}
