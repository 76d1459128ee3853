using System.Text;

namespace MoeActors.Host.Configuration;

/// <summary>HOCON text that the parser may be given: everything in it pairs up, nothing is nested too deep, and substitutions are marked.</summary>
/// <param name="Text">The text, with a quoted mark in place of each substitution.</param>
/// <param name="Substitutions">What the marks stand for.</param>
internal sealed record HoconScan(string Text, Substitutions Substitutions)
{
    /// <summary>Most sections, lists and parts of a key inside each other. The parser descends into each by a call of its own: an exhausted stack ends the process.</summary>
    public const int MostLevels = 64;

    /// <summary>
    /// PURE: checks <paramref name="text"/> and takes the substitutions out, which the parser would resolve without end where they lead in circles, and never from
    /// the environment. The parser takes a file that breaks off in the middle, or has a brace too many, without a word: settings would land in another section.
    /// Throws <see cref="SettingsException"/> that names the line.
    /// </summary>
    public static HoconScan Of(string text, string origin)
    {
        var scanner = new Scanner(text, origin);
        scanner.Run();
        return new HoconScan(scanner.Result.ToString(), scanner.Found);
    }

    private sealed class Scanner(string text, string origin)
    {
        private readonly Stack<(char Close, int Line)> _open = new();
        private int _at;
        private int _line = 1;

        // Dots of the key that is being read; null in a value, whose dots mean nothing.
        private int? _dots = 0;

        // Whether a value is still to come after = or :, perhaps on the next line.
        private bool _awaited;

        // Whether a section or list has just been closed on this line.
        private bool _closed;

        public StringBuilder Result { get; } = new(text.Length);

        public Substitutions Found { get; } = new();

        public void Run()
        {
            while (_at < text.Length)
            {
                int from = _at;
                if (One(text[_at]) is { } replaced)
                {
                    Result.Append(replaced);
                }
                else
                {
                    Result.Append(text, from, _at - from);
                }
            }

            if (_open.TryPop(out (char Close, int Line) last))
            {
                throw Wrong($"the section or list opened here is never closed; expected '{last.Close}'", last.Line);
            }
        }

        /// <summary>Moves behind what begins with <paramref name="c"/>; returns what is to stand in its place, null = itself.</summary>
        private string? One(char c)
        {
            _awaited &= char.IsWhiteSpace(c);
            switch (c)
            {
                case '\n':
                    _line++;
                    (_dots, _closed) = (_awaited || InList ? (int?)null : 0, false);
                    break;
                case '#':
                case '/' when Next('/'):
                    _at = EndOfLine();
                    return null;
                case '+' when Next('='):
                    // The parser makes a substitution of its own of it, which can lead into itself.
                    throw Wrong("+= is not taken; expected KEY = VALUE, with all items of a list: KEY = [A, B]; a value that has += in it is put in quotes", _line);
                case '"' when _dots is not null && !InList && string.CompareOrdinal(text, _at, "\"\"\"", 0, 3) == 0:
                    // The parser reads two quotes there, and something else than a text after them.
                    throw Wrong("three quotes in the place of a key; expected KEY = VALUE", _line);
                case '"':
                    _at = EndOfString();
                    return null;
                case '$' when Next('{'):
                    return Substitution();
                case '{' or '[':
                    _open.Push((c == '{' ? '}' : ']', _line));
                    _dots = c == '{' ? 0 : null;
                    if (_open.Count > MostLevels)
                    {
                        throw Wrong($"more than {MostLevels} sections and lists inside each other; expected settings as hocon/moe.conf has them", _line);
                    }

                    break;
                case '}' or ']':
                    if (_open.Count == 0 || _open.Peek().Close != c)
                    {
                        throw Wrong($"'{c}' closes nothing", _line);
                    }

                    _open.Pop();
                    (_dots, _closed) = (InList ? (int?)null : 0, true);
                    break;
                case ',':
                    (_dots, _closed) = (InList ? (int?)null : 0, false);
                    break;
                case '=' or ':':
                    (_dots, _awaited, _closed) = (null, true, false);
                    _at++;
                    return null;
                case '.' when ++_dots > MostLevels:
                    throw Wrong($"a key of more than {MostLevels} parts; expected a key of hocon/moe.conf", _line);
            }

            _at++;
            return null;
        }

        private bool InList => _open.TryPeek(out (char Close, int Line) inside) && inside.Close == ']';

        private bool Next(char c) => _at + 1 < text.Length && text[_at + 1] == c;

        private string Substitution()
        {
            int end = text.IndexOfAny(['}', '\n'], _at);
            if (end < 0 || text[end] == '\n')
            {
                throw Wrong("the substitution opened here is never closed; expected ${NAME} or ${?NAME}", _line);
            }

            string name = text[(_at + 2)..end];
            int after = end + 1;
            while (after < text.Length && text[after] is ' ' or '\t')
            {
                after++;
            }

            if (_closed || (after < text.Length && text[after] is '{' or '['))
            {
                throw Wrong($"${{{name}}} stands beside a section or list; expected it to be a value, or an item of the list", _line);
            }

            if (_dots is not null && !InList)
            {
                throw Wrong($"${{{name}}} stands in the place of a key; expected KEY = ${{{name}}}", _line);
            }

            bool optional = name.StartsWith('?');
            name = name.TrimStart('?').Trim().Trim('"');
            if (name.Length == 0)
            {
                throw Wrong("a substitution without a name; expected ${NAME} or ${?NAME}", _line);
            }

            _at = end + 1;
            return $"\"{Found.Add(name, optional)}\"";
        }

        private int EndOfLine()
        {
            int end = text.IndexOf('\n', _at);
            return end < 0 ? text.Length : end;
        }

        // Index behind the closing quote.
        private int EndOfString()
        {
            const string Triple = "\"\"\"";
            if (string.CompareOrdinal(text, _at, Triple, 0, 3) == 0)
            {
                int end = text.IndexOf(Triple, _at + 3, StringComparison.Ordinal);
                if (end >= 0)
                {
                    _line += text.AsSpan(_at, end - _at).Count('\n');
                    return end + 3;
                }
            }

            for (int i = _at + 1; i < text.Length && text[i] != '\n'; i++)
            {
                if (text[i] == '\\')
                {
                    i++;
                }
                else if (text[i] == '"')
                {
                    return i + 1;
                }
            }

            throw Wrong("the quote opened here is never closed", _line);
        }

        private SettingsException Wrong(string what, int line) => new($"{origin}: line {line}: {what}");
    }
}
