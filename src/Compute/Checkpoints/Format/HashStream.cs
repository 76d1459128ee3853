using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>A hash over values in a fixed encoding: numbers as 8 bytes little-endian, texts as length and UTF-8. Nothing depends on culture or order of insertion.</summary>
internal sealed class HashStream
{
    private readonly XxHash128 hash = new();

    public void Add(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.Append(bytes);
    }

    public void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(bytes.Length);
        hash.Append(bytes);
    }

    public void Add(TensorDigest digest)
    {
        Add(digest.Tensor);
        Add(digest.Slot);
        Add(digest.Dtype);
        Add(digest.Shape.Length);
        foreach (long d in digest.Shape)
        {
            Add(d);
        }

        Add(digest.Hash);
    }

    /// <summary>Adds JSON so that the order of properties and white space do not matter; numbers count by their text.</summary>
    public void Add(JsonElement json)
    {
        Add((int)json.ValueKind);
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                JsonProperty[] properties = [.. json.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal)];
                Add(properties.Length);
                foreach (JsonProperty p in properties)
                {
                    Add(p.Name);
                    Add(p.Value);
                }

                break;
            case JsonValueKind.Array:
                Add(json.GetArrayLength());
                foreach (JsonElement e in json.EnumerateArray())
                {
                    Add(e);
                }

                break;
            case JsonValueKind.String:
                Add(json.GetString()!);
                break;
            case JsonValueKind.Number:
                Add(json.GetRawText());
                break;
        }
    }

    public string Finish() => Checksums.Finish(hash);
}
