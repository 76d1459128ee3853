using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace MoeActors.Compute.Data;

/// <summary>XxHash128 in this project's writing: 32 lower-case hex digits. The same on every machine and in every process.</summary>
internal static class ContentHash
{
    /// <summary>Hash of <paramref name="bytes"/>.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes));

    /// <summary>The hash collected so far.</summary>
    public static string Hex(this XxHash128 hash) => Convert.ToHexStringLower(hash.GetCurrentHash());

    /// <summary>Appends a number, little endian.</summary>
    public static void Append(this XxHash128 hash, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.Append(bytes);
    }

    /// <summary>Appends a text with its length, so that no two sequences of texts collide by joining.</summary>
    public static void AppendText(this XxHash128 hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        hash.Append(bytes.LongLength);
        hash.Append(bytes);
    }
}
