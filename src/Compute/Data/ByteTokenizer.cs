using System.Text;

namespace MoeActors.Compute.Data;

/// <summary>The built-in tokenizer: the id of a byte is its value; 256 ids.</summary>
public sealed class ByteTokenizer : ITokenizer
{
    /// <summary>The only instance needed; it has no state.</summary>
    public static ByteTokenizer Instance { get; } = new();

    /// <inheritdoc/>
    public string Name => "bytes";

    /// <inheritdoc/>
    public int Vocabulary => 256;

    /// <inheritdoc/>
    public string Hash { get; } = ContentHash.Of("byte tokenizer 1"u8);

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text)
    {
        var ids = new List<int>();
        Encode(Encoding.UTF8.GetBytes(text), last: true, ids);
        return ids;
    }

    /// <inheritdoc/>
    public int Encode(ReadOnlySpan<byte> text, bool last, List<int> ids)
    {
        ids.EnsureCapacity(ids.Count + text.Length);
        foreach (byte b in text)
        {
            ids.Add(b);
        }

        return text.Length;
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <inheritdoc/>
    public bool HasText(int id) => id is >= 0 and <= 255;

    /// <inheritdoc/>
    public byte[] DecodeBytes(IReadOnlyList<int> ids)
    {
        var bytes = new byte[ids.Count];
        for (int i = 0; i < bytes.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(ids[i], nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(ids[i], 255, nameof(ids));
            bytes[i] = (byte)ids[i];
        }

        return bytes;
    }
}
