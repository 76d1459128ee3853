using System.Text.Json;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints;

/// <summary>What was exported.</summary>
/// <param name="Step">Step of the checkpoint.</param>
/// <param name="Slot">Slot.</param>
/// <param name="Files">Files written, the index last where there are several.</param>
/// <param name="Tensors">Tensors.</param>
/// <param name="Bytes">Bytes of tensors.</param>
public sealed record ExportResult(long Step, string Slot, IReadOnlyList<string> Files, int Tensors, long Bytes);

/// <summary>
/// One consolidated set of safetensors files of a checkpoint: whole tensors under the parameters' own names, with the index that public tools expect. Nothing
/// has its final name before all of it was verified (CK-1) and is durable.
/// </summary>
public static class CheckpointExport
{
    /// <summary>Name of the index.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The slot exported when none is asked for: weights in compute precision where the checkpoint has them, else the master.</summary>
    public static string DefaultSlot(Manifest manifest) => manifest.Entries.Any(e => e.Slot == Slots.Weights) ? Slots.Weights : Slots.Master;

    /// <summary>
    /// Exports one slot to <paramref name="folder"/>, which is created. Throws <see cref="CheckpointException"/> for a slot that is not there, a folder that holds an
    /// export already, and anything that does not match its checksum; then no file is left behind.
    /// </summary>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="folder">Folder to write, absolute.</param>
    /// <param name="slot">Slot.</param>
    /// <param name="mostBytes">Most bytes of tensors in one file.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    public static ExportResult Write(CheckpointReader reader, string folder, string slot, long mostBytes, CancellationToken cancellation)
    {
        Manifest manifest = reader.Manifest;
        ExportTensor[] tensors = [.. reader.Tensors().Where(t => t.Slot == slot).Select(t => reader.Pieces(t.Tensor, slot)[0])
            .Select(e => new ExportTensor(e.Tensor, e.Dtype, e.Shape, ElementTypes.Count(e.Shape) * ElementTypes.Size(e.Dtype)))];
        if (tensors.Length == 0)
        {
            string there = string.Join(", ", manifest.Entries.Select(e => e.Slot).Distinct().Order());
            throw new CheckpointException($"{CheckpointPaths.ManifestName(manifest.Step)}: has no slot \"{slot}\"; it has {there}");
        }

        IReadOnlyList<ExportFile> files = ExportPlan.Files(tensors, mostBytes);
        List<string> names = [.. files.Select(f => f.Name)];
        try
        {
            PrivateFiles.CreateFolder(folder);
            if (Directory.EnumerateFiles(folder, "model*.safetensors*").FirstOrDefault() is { } standing)
            {
                throw new CheckpointException($"{standing}: is there already; choose another folder or delete it");
            }

            foreach (ExportFile file in files)
            {
                Write(reader, Path.Combine(folder, file.Name), file, slot, cancellation);
            }

            foreach (ExportFile file in files)
            {
                PosixFiles.Instance.Rename(Temporary(folder, file.Name), Path.Combine(folder, file.Name));
            }

            if (files.Count > 1)
            {
                AtomicFile.Write(PosixFiles.Instance, Path.Combine(folder, IndexName), Index(files));
                names.Add(IndexName);
            }

            PosixFiles.Instance.SyncFolder(folder);
        }
        catch (Exception e)
        {
            foreach (ExportFile file in files)
            {
                File.Delete(Temporary(folder, file.Name));
            }

            if (e is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException($"{e.Message}; make room, or choose another folder", e);
            }

            throw;
        }

        return new ExportResult(manifest.Step, slot, names, tensors.Length, tensors.Sum(t => t.Bytes));
    }

    private static string Temporary(string folder, string name) => Path.Combine(folder, name + AtomicFile.TemporarySuffix);

    private static void Write(CheckpointReader reader, string path, ExportFile file, string slot, CancellationToken cancellation)
    {
        byte[] header = SafetensorsHeader.Build(file.Name, Metadata(reader.Manifest, slot), [.. file.Tensors.Select(t => new HeaderTensor(t.Name, t.Dtype, t.Shape, t.Bytes))]);
        using IWritableFile output = PosixFiles.Instance.Create(path + AtomicFile.TemporarySuffix, header.Length + file.Tensors.Sum(t => t.Bytes));
        output.Append(header);
        foreach (ExportTensor t in file.Tensors)
        {
            reader.Stream(t.Name, slot, output.Append, cancellation);
        }

        output.Sync();
    }

    /// <summary>"format" = "pt" is what public loaders ask for: row-major tensors. Versions stand there only where experts are older than the step.</summary>
    private static IEnumerable<(string Name, string Value)> Metadata(Manifest manifest, string slot)
    {
        yield return ("format", "pt");
        yield return ("producer", "moe-actors");
        yield return ("run", manifest.Identity.RunId);
        yield return ("model", manifest.Identity.ModelHash);
        yield return ("step", $"{manifest.Step}");
        yield return ("slot", slot);
        var older = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (CheckpointEntry e in manifest.Entries.Where(e => e.Slot == slot && e.Version != manifest.Step))
        {
            older[e.Expert < 0 ? e.Tensor : $"layers.{e.Layer}.experts.{e.Expert}"] = e.Version;
        }

        if (older.Count > 0)
        {
            yield return ("versions", JsonSerializer.Serialize(older));
        }
    }

    private static byte[] Index(IReadOnlyList<ExportFile> files) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            metadata = new { total_size = files.Sum(f => f.Tensors.Sum(t => t.Bytes)) },
            weight_map = new SortedDictionary<string, string>(files.SelectMany(f => f.Tensors.Select(t => (t.Name, File: f.Name))).ToDictionary(t => t.Name, t => t.File), StringComparer.Ordinal),
        },
        Indented);
}
