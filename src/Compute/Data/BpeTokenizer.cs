using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;
using Model = Microsoft.ML.Tokenizers.BpeTokenizer;

namespace MoeActors.Compute.Data;

/// <summary>
/// Byte-level BPE through Microsoft.ML.Tokenizers. The library merges; splitting into pieces and the alphabet of bytes are done here, on bytes
/// instead of strings, so that text which is not UTF-8 also comes back as it was. Special tokens in the text are ordinary text.
/// </summary>
public sealed class BpeTokenizer : ITokenizer
{
    private const int CachedPieces = 1 << 17;
    private readonly Lock _gate = new();
    private readonly Model _model;
    private readonly byte[]?[] _bytes;
    private readonly Dictionary<byte[], int[]> _cache = new(ByteKeys.Instance);

    /// <summary>Builds the tokenizer of <paramref name="vocabulary"/>.</summary>
    public BpeTokenizer(BpeVocabulary vocabulary)
    {
        _model = Model.Create(new BpeOptions(vocabulary.Tokens) { Merges = vocabulary.Merges });
        Vocabulary = vocabulary.Size;
        Hash = vocabulary.Hash();
        _bytes = new byte[]?[Vocabulary];
        foreach ((string token, int id) in vocabulary.Tokens)
        {
            _bytes[id] = ByteAlphabet.Read(token);
        }
    }

    /// <inheritdoc/>
    public string Name => $"bpe-{Vocabulary}";

    /// <inheritdoc/>
    public int Vocabulary { get; }

    /// <inheritdoc/>
    public string Hash { get; }

    /// <summary>Opens the tokenizer in <paramref name="folder"/> (vocab.json, merges.txt); throws <see cref="CorpusException"/> where they are missing or wrong.</summary>
    public static BpeTokenizer Load(string folder) => new(BpeVocabulary.Load(folder));

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
        int done = 0, need = last ? 1 : PreTokens.Lookahead;
        lock (_gate)
        {
            var cache = _cache.GetAlternateLookup<ReadOnlySpan<byte>>();
            while (text.Length - done >= need)
            {
                ReadOnlySpan<byte> piece = text.Slice(done, PreTokens.Next(text[done..]));
                if (!cache.TryGetValue(piece, out int[]? encoded))
                {
                    if (_cache.Count >= CachedPieces)
                    {
                        _cache.Clear();
                    }

                    cache[piece] = encoded = Merge(piece);
                }

                ids.AddRange(encoded);
                done += piece.Length;
            }
        }

        return done;
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <inheritdoc/>
    public bool HasText(int id) => id >= 0 && id < Vocabulary && _bytes[id] is not null;

    /// <inheritdoc/>
    public byte[] DecodeBytes(IReadOnlyList<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, Vocabulary, nameof(ids));
            bytes.Write(_bytes[id]);   // an id in a gap has no bytes
        }

        return bytes.WrittenSpan.ToArray();
    }

    private int[] Merge(ReadOnlySpan<byte> piece)
    {
        Span<char> chars = stackalloc char[PreTokens.MaxBytes];
        chars = chars[..piece.Length];
        ByteAlphabet.Write(piece, chars);
        return [.. _model.EncodeToIds(chars, considerPreTokenization: false, considerNormalization: false)];
    }
}
