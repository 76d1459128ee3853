using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>Header of a shard file in the public safetensors format, and the order its tensors lie in.</summary>
internal static class SafetensorsHeader
{
    /// <summary>Value of "format" in the metadata.</summary>
    public const string Format = "moe-actors-shard/1";

    private const int Line = 64, Page = 4096;

    /// <summary>Bytes of data from which on a file is laid out in pages.</summary>
    private const long WorthPages = 1 << 20;

    /// <summary>Largest JSON header public readers accept.</summary>
    public const int MostJson = 100_000_000;

    /// <summary>
    /// Order of the data: the format allows no gaps, so tensors of whole 64-byte lines come first and start on a line each; after them
    /// those with the largest power of two in their length, so that each starts at a multiple of its element size. In large files the same holds of
    /// pages first: what starts on one can be written from where it lies. Stable otherwise.
    /// </summary>
    public static int[] Order(IReadOnlyList<ShardTensor> tensors) => Order(tensors.Count, i => tensors[i].Bytes);

    /// <summary>The same for tensors of which only the length is known.</summary>
    public static int[] Order(int count, Func<int, long> bytes)
    {
        int unit = Unit(Enumerable.Range(0, count).Sum(bytes));
        return [.. Enumerable.Range(0, count).OrderByDescending(i => bytes(i) % unit == 0).ThenByDescending(i => Math.Min(Line, bytes(i) & -bytes(i)))];
    }

    /// <summary>The header's bytes (length, JSON, spaces up to a multiple of 64, in large files of 4096), for tensors in the order they lie in.</summary>
    public static byte[] Build(string file, string runId, long step, IReadOnlyList<ShardTensor> ordered) => Build(
        file,
        Metadata(runId, step, ordered),
        [.. ordered.Select(t => new HeaderTensor(CheckpointEntry.NameOf(t.Tensor, t.Slot, t.Begin, t.Count, IsWhole(t)), t.Dtype, IsWhole(t) ? t.Shape : [t.Count], t.Bytes))]);

    /// <summary>The same for any names and metadata.</summary>
    public static byte[] Build(string file, IEnumerable<(string Name, string Value)> metadata, IReadOnlyList<HeaderTensor> ordered)
    {
        using var json = new MemoryStream();
        json.Write(stackalloc byte[8]);
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            foreach ((string name, string value) in metadata)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
            long offset = 0;
            foreach (HeaderTensor t in ordered)
            {
                writer.WriteStartObject(t.Name);
                writer.WriteString("dtype", t.Dtype);
                Numbers(writer, "shape", t.Shape);
                Numbers(writer, "data_offsets", [offset, offset + t.Bytes]);
                writer.WriteEndObject();
                offset += t.Bytes;
            }

            writer.WriteEndObject();
        }

        for (int unit = Unit(ordered.Sum(t => t.Bytes)); json.Length % unit != 0;)
        {
            json.WriteByte((byte)' ');
        }

        byte[] header = json.ToArray();
        if (header.Length - 8 > MostJson)
        {
            throw new CheckpointException($"{file}: a header of {header.Length - 8} bytes for {ordered.Count} tensors, at most {MostJson} can be read; spread them over more files");
        }

        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static int Unit(long dataBytes) => dataBytes < WorthPages ? Line : Page;

    private static bool IsWhole(ShardTensor t) => t.Begin == 0 && t.Count == ElementTypes.Count(t.Shape);

    private static IEnumerable<(string Name, string Value)> Metadata(string runId, long step, IReadOnlyList<ShardTensor> ordered) =>
    [
        ("format", Format), ("run", runId), ("step", step.ToString()),
        .. ordered.Where(t => !IsWhole(t)).DistinctBy(t => t.Tensor).Select(t => ($"shape:{t.Tensor}", $"[{string.Join(",", t.Shape)}]")),
    ];

    private static void Numbers(Utf8JsonWriter writer, string name, IEnumerable<long> values)
    {
        writer.WriteStartArray(name);
        foreach (long v in values)
        {
            writer.WriteNumberValue(v);
        }

        writer.WriteEndArray();
    }
}

/// <summary>A tensor as a header names it.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dtype">safetensors name.</param>
/// <param name="Shape">Shape in the file.</param>
/// <param name="Bytes">Length.</param>
internal sealed record HeaderTensor(string Name, string Dtype, long[] Shape, long Bytes);
