namespace MoeActors.Host.Configuration;

/// <summary>
/// Checks that braces, brackets and quotes pair up. The HOCON parser takes a file that breaks off in the middle, or has a brace
/// too many, without a word: settings would silently land in another section.
/// </summary>
internal static class HoconBalance
{
    /// <summary>Throws naming the line of the first one without a partner.</summary>
    public static void Check(string text, string origin)
    {
        var open = new Stack<(char Close, int Line)>();
        int line = 1;
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\n':
                    line++;
                    break;
                case '#':
                case '/' when i + 1 < text.Length && text[i + 1] == '/':
                    i = EndOfLine(text, i) - 1;
                    break;
                case '"':
                    i = EndOfString(text, i, origin, ref line);
                    break;
                case '{':
                    open.Push(('}', line));
                    break;
                case '[':
                    open.Push((']', line));
                    break;
                case '}' or ']' when open.Count == 0 || open.Peek().Close != text[i]:
                    throw new SettingsException($"{origin}: line {line}: '{text[i]}' closes nothing");
                case '}' or ']':
                    open.Pop();
                    break;
            }
        }

        if (open.TryPop(out (char Close, int Line) last))
        {
            throw new SettingsException($"{origin}: line {last.Line}: the section or list opened here is never closed; expected '{last.Close}'");
        }
    }

    private static int EndOfLine(string text, int from)
    {
        int end = text.IndexOf('\n', from);
        return end < 0 ? text.Length : end;
    }

    // Index of the closing quote.
    private static int EndOfString(string text, int start, string origin, ref int line)
    {
        const string Triple = "\"\"\"";
        if (string.CompareOrdinal(text, start, Triple, 0, 3) == 0)
        {
            int end = text.IndexOf(Triple, start + 3, StringComparison.Ordinal);
            if (end >= 0)
            {
                line += text.AsSpan(start, end - start).Count('\n');
                return end + 2;
            }
        }

        for (int i = start + 1; i < text.Length && text[i] != '\n'; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                return i;
            }
        }

        throw new SettingsException($"{origin}: line {line}: the quote opened here is never closed");
    }
}
