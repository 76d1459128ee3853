using System.Text;
using System.Text.Json;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>Writes and reads manifests: sealed JSON, one file or entry a line, strict on reading.</summary>
public static class ManifestFormat
{
    internal const string Remedy = "use an older checkpoint (moe checkpoint list RUN-DIR)";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The file's bytes; throws <see cref="CheckpointException"/> when the manifest breaks a rule of its own.</summary>
    public static byte[] Write(Manifest manifest)
    {
        ManifestRules.Check(manifest, CheckpointPaths.ManifestName(manifest.Step));
        var text = new StringBuilder("{\n");
        Property(text, "schema", manifest.Schema);
        Property(text, "kind", manifest.Kind);
        Property(text, "identity", manifest.Identity);
        Property(text, "step", manifest.Step);
        Property(text, "epoch", manifest.Epoch);
        Property(text, "fencingToken", manifest.FencingToken);
        Property(text, "createdAt", manifest.CreatedAt);
        Property(text, "seed", manifest.Seed);
        Property(text, "units", manifest.Units);
        Property(text, "ledger", manifest.Ledger);
        if (manifest.Plt is { } plt)
        {
            Property(text, "plt", plt);
        }

        List(text, "files", manifest.Files).Append(",\n");
        List(text, "entries", manifest.Entries).Append("\n}\n");
        byte[] file = SealedJson.Seal(text.ToString());
        return file.Length <= SmallObject.MostBytes
            ? file
            : throw new CheckpointException($"{CheckpointPaths.ManifestName(manifest.Step)}: {file.Length} bytes for {manifest.Entries.Count} entries, at most {SmallObject.MostBytes} can be read; train with fewer, larger tensors");
    }

    /// <summary>
    /// Reads and checks a manifest. Throws <see cref="CheckpointException"/> naming <paramref name="path"/>, what is wrong and the remedy:
    /// truncated, altered, of a newer schema, not of this format, or breaking a rule.
    /// </summary>
    public static Manifest Read(ReadOnlySpan<byte> file, string path)
    {
        SealedJson.Check(file, path, Remedy);
        try
        {
            int schema = SchemaOf(file);
            if (schema > Manifest.CurrentSchema)
            {
                throw new CheckpointException(
                    $"{path}: written in schema {schema} by a newer build, this one reads up to {Manifest.CurrentSchema}; update this build")
                { NewerSchema = true };
            }

            var document = JsonSerializer.Deserialize<SealedManifest>(file, Options) ?? throw new JsonException("null");
            Manifest manifest = document.ToManifest(SealedJson.StatedChecksum(file));
            ManifestRules.Check(manifest, path);
            return manifest;
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path}: not a manifest of schema {Manifest.CurrentSchema}: {e.Message.ReplaceLineEndings(" ")}; {Remedy}", e);
        }
    }

    private static int SchemaOf(ReadOnlySpan<byte> file)
    {
        var reader = new Utf8JsonReader(file);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.TryGetProperty("schema", out JsonElement schema) && schema.ValueKind == JsonValueKind.Number && schema.TryGetInt32(out int version)
            ? version
            : throw new JsonException("no \"schema\"");
    }

    private static void Property<T>(StringBuilder text, string name, T value) =>
        text.Append('"').Append(name).Append("\":").Append(JsonSerializer.Serialize(value, Options)).Append(",\n");

    private static StringBuilder List<T>(StringBuilder text, string name, IReadOnlyList<T> values)
    {
        text.Append('"').Append(name).Append("\":[");
        for (int i = 0; i < values.Count; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(JsonSerializer.Serialize(values[i], Options));
        }

        return text.Append("\n]");
    }
}
