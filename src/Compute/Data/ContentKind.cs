using System.Text.Unicode;

namespace MoeActors.Compute.Data;

/// <summary>Whether a file holds text, told by how it begins.</summary>
internal static class ContentKind
{
    /// <summary>Bytes looked at.</summary>
    public const int SniffedBytes = 8192;

    // Text of any encoding has next to none of the control characters that are no white space; packed bytes have one in ten.
    private const double MostControls = 0.02;

    private static readonly (byte[] Begin, string Words)[] Formats =
    [
        ([0x1f, 0x8b], "gzip-compressed data"),
        ([.. "BZh91AY&SY"u8], "bzip2-compressed data"),
        ([0xfd, .. "7zXZ"u8], "xz-compressed data"),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd-compressed data"),
        ([0x04, 0x22, 0x4d, 0x18], "lz4-compressed data"),
        ([.. "PK"u8, 3, 4], "a zip archive or an office document"),
        ([.. "7z"u8, 0xbc, 0xaf], "a 7z archive"),
        ("Rar!"u8.ToArray(), "a rar archive"),
        ("%PDF-"u8.ToArray(), "a PDF document"),
        ([0x89, .. "PNG"u8], "a PNG image"),
        ([0xff, 0xd8, 0xff], "a JPEG image"),
        ("GIF8"u8.ToArray(), "a GIF image"),
        ("PAR1"u8.ToArray(), "a Parquet file"),
        ("SQLite format 3"u8.ToArray(), "an SQLite database"),
        ([0x7f, .. "ELF"u8], "a program"),
        ([0xff, 0xfe], "text in UTF-16"),
        ([0xfe, 0xff], "text in UTF-16"),
    ];

    /// <summary>
    /// PURE: what a file that begins with <paramref name="start"/> holds, in words, where it is no text; null for text in UTF-8, Latin-1 or another encoding of bytes without zeros.
    /// </summary>
    public static string? Binary(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] begin, string words) in Formats)
        {
            if (start.StartsWith(begin))
            {
                return words;
            }
        }

        if (start.Contains((byte)0))
        {
            return "binary data";
        }

        return IsUtf8(start) || Controls(start) <= MostControls * start.Length ? null : "binary data";
    }

    /// <summary>The last character may be cut off.</summary>
    private static bool IsUtf8(ReadOnlySpan<byte> start)
    {
        for (int cut = 0; cut <= (start.Length == SniffedBytes ? 3 : 0); cut++)
        {
            if (Utf8.IsValid(start[..^cut]))
            {
                return true;
            }
        }

        return false;
    }

    private static int Controls(ReadOnlySpan<byte> start)
    {
        const byte Escape = 0x1b;
        int controls = 0;
        foreach (byte b in start)
        {
            controls += b is 0x7f or (< 0x20 and not ((>= 8 and <= 13) or Escape)) ? 1 : 0;
        }

        return controls;
    }
}
