namespace MoeActors.Compute.Data;

/// <summary>
/// The printable alphabet of byte-level BPE (GPT-2): each of the 256 bytes has one visible character, so that vocabulary and merges
/// can be kept as text. Printable Latin-1 stands for itself; the other 68 bytes take U+0100 upwards, in order.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = Build();
    private static readonly Dictionary<char, byte> Bytes = Chars.Select((c, b) => (c, b)).ToDictionary(p => p.c, p => (byte)p.b);

    /// <summary>The bytes in the order of the usual vocabularies: those that stand for themselves first.</summary>
    public static IReadOnlyList<byte> Order { get; } =
        [.. Enumerable.Range(0, 256).OrderBy(b => Chars[b] >= 256).ThenBy(b => b).Select(b => (byte)b)];

    /// <summary>Character of <paramref name="value"/>.</summary>
    public static char Of(byte value) => Chars[value];

    /// <summary><paramref name="bytes"/> in the alphabet, one character a byte.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            chars[i] = Chars[bytes[i]];
        }
    }

    /// <summary>Bytes of a vocabulary entry; a character outside the alphabet (special tokens) stands for its UTF-8 form.</summary>
    public static byte[] Read(string token)
    {
        var bytes = new List<byte>(token.Length);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in token.EnumerateRunes())
        {
            if (rune.IsBmp && Bytes.TryGetValue((char)rune.Value, out byte b))
            {
                bytes.Add(b);
            }
            else
            {
                bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
            }
        }

        return [.. bytes];
    }

    private static char[] Build()
    {
        var chars = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE) ? (char)b : (char)next++;
        }

        return chars;
    }
}
