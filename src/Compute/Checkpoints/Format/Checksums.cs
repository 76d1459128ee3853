using System.Buffers;
using System.IO.Hashing;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>The one checksum of checkpoints: XxHash128 (seed 0), written as 32 lower-case hex digits of its canonical big-endian form. Guards against rot, not against forgery.</summary>
public static class Checksums
{
    /// <summary>Hex digits of a checksum.</summary>
    public const int HexLength = 32;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Checksum of <paramref name="bytes"/>.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[16];
        XxHash128.Hash(bytes, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>Whether <paramref name="text"/> has the form of a checksum.</summary>
    public static bool IsChecksum(string text) => text.Length == HexLength && !text.AsSpan().ContainsAnyExcept(HexDigits);

    /// <summary>The checksum of what <paramref name="hash"/> was fed, 32 lower-case hex digits.</summary>
    public static string Finish(XxHash128 hash)
    {
        Span<byte> bytes = stackalloc byte[16];
        hash.GetHashAndReset(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
