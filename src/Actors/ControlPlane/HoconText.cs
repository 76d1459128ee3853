using System.Text;

namespace MoeActors.Actors.ControlPlane;

/// <summary>Text inside HOCON that a program writes.</summary>
public static class HoconText
{
    /// <summary>PURE: <paramref name="text"/> in quotes, so that a parser reads exactly it: whatever stands in it is no quote, no escape, no comment, no key and no substitution. White space at its edges is lost: the parser takes it off every value.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                < ' ' or '\x7f' or (>= '\u2028' and <= '\u2029') => quoted.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>PURE: a list of <paramref name="items"/>, each quoted.</summary>
    public static string List(IEnumerable<string> items) => $"[{string.Join(", ", items.Select(Quote))}]";
}
