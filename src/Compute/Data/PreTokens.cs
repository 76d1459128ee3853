using System.Buffers;
using System.Globalization;
using System.Text;

namespace MoeActors.Compute.Data;

/// <summary>
/// Splits UTF-8 text into the pieces inside which BPE merges, as GPT-2's pattern does on code points:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// Bytes that are not UTF-8 count as "other", so that any file splits. A piece ends at <see cref="MaxBytes"/> at the latest: that bounds the
/// memory of a streamed encoding and the cost of a word.
/// </summary>
internal static class PreTokens
{
    /// <summary>Longest piece in bytes.</summary>
    public const int MaxBytes = 1024;

    /// <summary>With this many bytes at hand the next piece is the same whatever follows: the piece, one more character, a contraction.</summary>
    public const int Lookahead = MaxBytes + 8;

    private static readonly Kind[] Ascii = [.. Enumerable.Range(0, 128).Select(c => Classify(new Rune(c)))];

    private enum Kind : byte
    {
        Other,
        Letter,
        Number,
        Space,
    }

    /// <summary>Length in bytes of the first piece of a text that is not empty.</summary>
    public static int Next(ReadOnlySpan<byte> text)
    {
        int contraction = Contraction(text);
        if (contraction > 0)
        {
            return contraction;
        }

        int at = 0;
        Kind kind = Read(text, ref at);
        if (text[0] == ' ' && text.Length > 1)
        {
            int second = 1;
            Kind next = Read(text, ref second);
            (kind, at) = next == Kind.Space ? (kind, at) : (next, second);
        }

        int previous = 0;
        while (at < text.Length)
        {
            int end = at;
            Kind next = Read(text, ref end);
            if (next != kind)
            {
                // \s+(?!\S): the last white space before a word is left to what follows, unless it is the only one.
                return kind == Kind.Space && previous > 0 ? previous : at;
            }

            if (end > MaxBytes)
            {
                return at;
            }

            (previous, at) = (at, end);
        }

        return at;
    }

    private static int Contraction(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2 || text[0] != '\'')
        {
            return 0;
        }

        return text[1] switch
        {
            (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d' => 2,
            (byte)'r' or (byte)'v' when text.Length > 2 && text[2] == 'e' => 3,
            (byte)'l' when text.Length > 2 && text[2] == 'l' => 3,
            _ => 0,
        };
    }

    private static Kind Read(ReadOnlySpan<byte> text, ref int at)
    {
        byte b = text[at];
        if (b < 128)
        {
            at++;
            return Ascii[b];
        }

        OperationStatus status = Rune.DecodeFromUtf8(text[at..], out Rune rune, out int length);
        at += length;
        return status == OperationStatus.Done ? Classify(rune) : Kind.Other;
    }

    private static Kind Classify(Rune rune)
    {
        if (Rune.IsWhiteSpace(rune))
        {
            return Kind.Space;
        }

        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
