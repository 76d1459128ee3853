using System.Buffers;
using System.IO.Hashing;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Data;

/// <summary>
/// A byte-level BPE vocabulary as its two usual files hold it: vocab.json (token → id) and merges.txt ("left right" a line, best first),
/// both in GPT-2's printable alphabet of bytes.
/// </summary>
/// <param name="Tokens">Token → id; all 256 single bytes are there, ids are distinct and not negative (gaps are allowed).</param>
/// <param name="Merges">"left right", best first.</param>
public sealed record BpeVocabulary(IReadOnlyDictionary<string, int> Tokens, IReadOnlyList<string> Merges)
{
    /// <summary>Name of the vocabulary's file.</summary>
    public const string TokensFile = "vocab.json";

    /// <summary>Name of the merges' file.</summary>
    public const string MergesFile = "merges.txt";

    private const string Header = "#version: 0.2";
    private const int MaxId = 1 << 24;
    private static readonly JsonWriterOptions Json = new() { Indented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Number of ids: the highest one + 1.</summary>
    public int Size => Tokens.Values.Max() + 1;

    /// <summary>Reads the two files of <paramref name="folder"/>; throws <see cref="CorpusException"/> naming the file that is missing or wrong.</summary>
    public static BpeVocabulary Load(string folder)
    {
        string tokensPath = Path.Combine(folder, TokensFile), mergesPath = Path.Combine(folder, MergesFile);
        if (!Directory.Exists(folder))
        {
            throw new CorpusException($"{folder}: no such tokenizer folder: expected \"bytes\" or a folder with {TokensFile} and {MergesFile} (`moe tokenizer train` makes one)");
        }

        try
        {
            Dictionary<string, int> tokens = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllBytes(tokensPath)) ?? [];
            Check(tokens, tokensPath);
            var merges = new List<string>();
            int number = 0;
            foreach (string line in File.ReadLines(mergesPath))
            {
                number++;
                if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
                {
                    continue;
                }

                Check(line, tokens, $"{mergesPath}, line {number}");
                merges.Add(line);
            }

            return new BpeVocabulary(tokens, merges);
        }
        catch (JsonException e)
        {
            throw new CorpusException($"{tokensPath}: not a vocabulary: expected one JSON object of token → id ({e.Message})", e);
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(File.Exists(tokensPath) ? mergesPath : tokensPath, e);
        }
    }

    /// <summary>Writes the two files into <paramref name="folder"/>, made where needed; each replaces an old one in one move.</summary>
    public void Save(string folder)
    {
        try
        {
            PrivateFiles.CreateFolder(folder);
            var json = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(json, Json))
            {
                writer.WriteStartObject();
                foreach ((string token, int id) in Tokens.OrderBy(t => t.Value))
                {
                    writer.WriteNumber(token, id);
                }

                writer.WriteEndObject();
            }

            string merges = string.Concat(Merges.Prepend(Header).Select(line => line + "\n"));
            PrivateFiles.Replace(Path.Combine(folder, TokensFile), stream => stream.Write(json.WrittenSpan));
            PrivateFiles.Replace(Path.Combine(folder, MergesFile), merges);
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unwritable(folder, e);
        }
    }

    /// <summary>Hash of ids, tokens and merges, whatever the files' formatting.</summary>
    public string Hash()
    {
        var hash = new XxHash128();
        hash.AppendText("byte-level BPE 1");
        foreach ((string token, int id) in Tokens.OrderBy(t => t.Value))
        {
            hash.Append(id);
            hash.AppendText(token);
        }

        foreach (string merge in Merges)
        {
            hash.AppendText(merge);
        }

        return hash.Hex();
    }

    private static void Check(Dictionary<string, int> tokens, string path)
    {
        var seen = new Dictionary<int, string>();
        foreach ((string token, int id) in tokens)
        {
            if (id is < 0 or > MaxId || token.Length == 0)
            {
                throw new CorpusException($"{path}: token \"{token}\" has id {id}: expected a token that is not empty and an id from 0 to {MaxId}");
            }

            if (!seen.TryAdd(id, token))
            {
                throw new CorpusException($"{path}: id {id} belongs to \"{seen[id]}\" and to \"{token}\": expected every id once");
            }
        }

        int missing = ByteAlphabet.Order.Count(b => !tokens.ContainsKey(ByteAlphabet.Of(b).ToString()));
        if (missing > 0)
        {
            throw new CorpusException($"{path}: lacks {missing} of the 256 single-byte tokens: expected a byte-level vocabulary, as GPT-2's or one made by `moe tokenizer train`");
        }
    }

    private static void Check(string merge, Dictionary<string, int> tokens, string where)
    {
        int space = merge.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || space == merge.Length - 1 || merge.IndexOf(' ', space + 1) >= 0)
        {
            throw new CorpusException($"{where}: \"{merge}\": expected two tokens with one space between them");
        }

        string left = merge[..space], right = merge[(space + 1)..];
        foreach (string token in (string[])[left, right, left + right])
        {
            if (!tokens.ContainsKey(token))
            {
                throw new CorpusException($"{where}: \"{token}\" is not in {TokensFile}: expected the merges that belong to that vocabulary");
            }
        }
    }
}
