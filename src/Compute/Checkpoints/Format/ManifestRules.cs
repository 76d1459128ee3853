using System.Text.Json;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>The rules a manifest obeys by itself, whatever the model: checked before writing and after reading.</summary>
public static class ManifestRules
{
    /// <summary>Throws <see cref="CheckpointException"/> naming <paramref name="path"/> and the first rule broken.</summary>
    public static void Check(Manifest manifest, string path)
    {
        if (Problem(manifest) is { } problem)
        {
            throw new CheckpointException($"{path}: {problem}");
        }
    }

    /// <summary>The first rule broken; null when there is none.</summary>
    public static string? Problem(Manifest manifest)
    {
        try
        {
            return First(manifest);
        }
        catch (CheckpointException e)
        {
            return e.Message; // a shape or a dtype that cannot be
        }
    }

    private static string? First(Manifest manifest)
    {
        string? head = manifest switch
        {
            { Schema: < 1 or > Manifest.CurrentSchema } => $"schema {manifest.Schema}: expected 1 to {Manifest.CurrentSchema}",
            { Kind: not (Manifest.Full or Manifest.Partial) } => $"kind \"{manifest.Kind}\": expected \"{Manifest.Full}\" or \"{Manifest.Partial}\"",
            { Kind: Manifest.Partial, Schema: < 2 } => $"kind \"{manifest.Kind}\" in schema {manifest.Schema}: partial checkpoints are of schema 2 or newer",
            { Kind: Manifest.Partial, Plt: null } => "plt: expected in a partial checkpoint",
            { Plt.ValueKind: not JsonValueKind.Object } => "plt: expected a JSON object",
            { Step: < 0 } or { Epoch: < 0 } or { FencingToken: < 0 } => "step, epoch and fencingToken: expected 0 or more",
            { Ledger.ValueKind: not JsonValueKind.Object } => "ledger: expected a JSON object",
            { Identity: { } i } when !new[] { i.RunId, i.Lineage, i.ModelHash, i.TokenizerHash, i.CorpusHash }.All(PlainText.IsPlain) => "identity: holds control characters",
            _ => null,
        };
        if (head is not null)
        {
            return head;
        }

        // The serializer keeps null out of properties, not out of lists.
        if (manifest.Files.Any(f => f is null) || manifest.Entries.Any(e => e is null))
        {
            return "files and entries: expected objects, found null";
        }

        var files = new Dictionary<string, CheckpointFile>();
        long bytes = 0;
        foreach (CheckpointFile f in manifest.Files)
        {
            if (FileProblem(f) is { } problem)
            {
                return $"file \"{PlainText.Line(f.File)}\": {problem}";
            }

            if (!files.TryAdd(f.File, f))
            {
                return $"file \"{f.File}\": listed twice";
            }

            if (f.Bytes > long.MaxValue - bytes)
            {
                return $"file \"{f.File}\": the bytes of all files do not fit 64 bits";
            }

            bytes += f.Bytes;
        }

        var named = new HashSet<(string, string, long, long)>();
        foreach (CheckpointEntry e in manifest.Entries)
        {
            string? twice = named.Add((e.Tensor, e.Slot, e.Begin, e.Count)) ? null : "listed twice";
            if ((twice ?? EntryProblem(e, manifest, files)) is { } problem)
            {
                return PlainText.Line($"{CheckpointEntry.NameOf(e.Tensor, e.Slot, e.Begin, e.Count, whole: false)}: {problem}");
            }
        }

        return SharedBytes(manifest);
    }

    private static string? FileProblem(CheckpointFile f) => f switch
    {
        _ when !CheckpointPaths.IsSafe(f.File) => "expected a plain path inside the checkpoints folder",
        _ when f.HeaderBytes < 8 || f.Bytes < f.HeaderBytes => $"{f.Bytes} bytes cannot hold a header of {f.HeaderBytes}",
        _ when f.HeaderBytes - 8 > SafetensorsHeader.MostJson => $"a header of {f.HeaderBytes} bytes, at most {SafetensorsHeader.MostJson} can be read",
        _ when !Checksums.IsChecksum(f.HeaderChecksum) => $"\"{f.HeaderChecksum}\" is not a checksum",
        _ => null,
    };

    private static string? EntryProblem(CheckpointEntry e, Manifest manifest, Dictionary<string, CheckpointFile> files)
    {
        if (e.Tensor.Length == 0 || e.Slot.Length == 0)
        {
            return $"an entry of {e.File} has no tensor or slot name";
        }

        if (!PlainText.IsPlain(e.Tensor) || !PlainText.IsPlain(e.Slot))
        {
            return "its name holds control characters";
        }

        if (!files.TryGetValue(e.File, out CheckpointFile? f))
        {
            return $"its file {e.File} is not listed";
        }

        return e switch
        {
            _ when e.Begin < 0 || e.Count < 1 || e.Begin > ElementTypes.Count(e.Shape) - e.Count => $"outside shape [{string.Join(", ", e.Shape)}]",
            _ when e.Count > long.MaxValue / ElementTypes.Size(e.Dtype) || e.Bytes != e.Count * ElementTypes.Size(e.Dtype) => $"{e.Bytes} bytes for {e.Count} elements of {e.Dtype}",
            _ when !Checksums.IsChecksum(e.Checksum) => $"\"{e.Checksum}\" is not a checksum",
            _ when e.Version < 0 || e.Version > manifest.Step => $"version {e.Version}: expected at most the checkpoint's step {manifest.Step}",
            _ when manifest.Kind == Manifest.Full && e.Version != manifest.Step => $"version {e.Version} in a full checkpoint of step {manifest.Step}",
            _ when e.Offset < f.HeaderBytes || e.Offset > f.Bytes - e.Bytes => $"bytes {e.Offset} to {e.Offset + e.Bytes} lie outside {e.File}",
            _ => null,
        };
    }

    /// <summary>Two entries over the same bytes: one of them is in the wrong place.</summary>
    private static string? SharedBytes(Manifest manifest)
    {
        foreach (IGrouping<string, CheckpointEntry> group in manifest.Entries.GroupBy(e => e.File))
        {
            CheckpointEntry? last = null;
            foreach (CheckpointEntry e in group.OrderBy(e => e.Offset))
            {
                if (last is not null && e.Offset < last.Offset + last.Bytes)
                {
                    return $"{e.Name} and {last.Name}: the same bytes of {e.File}";
                }

                last = e;
            }
        }

        return null;
    }
}
