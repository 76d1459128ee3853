namespace MoeActors.Compute.Data;

/// <summary>
/// Text to token ids and back. Byte-level: every byte string, valid UTF-8 or not, encodes and decodes to itself.
/// Implementations may be used from several threads.
/// </summary>
public interface ITokenizer
{
    /// <summary>Name for people: "bytes" or "bpe-N".</summary>
    string Name { get; }

    /// <summary>Ids run from 0 to Vocabulary - 1.</summary>
    int Vocabulary { get; }

    /// <summary>Hash (32 hex digits) of everything that decides which ids a text gets; equal on every machine.</summary>
    string Hash { get; }

    /// <summary>Ids of <paramref name="text"/> as UTF-8 (a lone surrogate becomes U+FFFD).</summary>
    IReadOnlyList<int> Encode(string text);

    /// <summary>
    /// Appends the ids of the beginning of <paramref name="text"/> to <paramref name="ids"/> and returns how many bytes they cover.
    /// With <paramref name="last"/> everything is covered; otherwise a short end is left, to be given again in front of what follows,
    /// so that a text encoded in pieces gets the same ids as in one go.
    /// </summary>
    int Encode(ReadOnlySpan<byte> text, bool last, List<int> ids);

    /// <summary>The text of <paramref name="ids"/>; bytes that are not UTF-8 show as U+FFFD. Throws <see cref="ArgumentOutOfRangeException"/> on an id beyond the vocabulary.</summary>
    string Decode(IReadOnlyList<int> ids);

    /// <summary>Whether <paramref name="id"/> stands for text: not one in a gap of the vocabulary, nor one beyond it (a model may have more ids than its tokenizer).</summary>
    bool HasText(int id);

    /// <summary>The bytes of <paramref name="ids"/>, exactly. Throws <see cref="ArgumentOutOfRangeException"/> on an id beyond the vocabulary.</summary>
    byte[] DecodeBytes(IReadOnlyList<int> ids);
}
