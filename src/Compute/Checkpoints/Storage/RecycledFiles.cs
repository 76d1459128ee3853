using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// The folder of spares in a checkpoints folder. CK-2: only files come here that no manifest referred to any more, durably, and whose writers had finished; they leave it
/// by a rename to the name of an unpublished file, so a crash at any point leaves a spare or an orphan.
/// </summary>
internal static class RecycledFiles
{
    /// <summary>Name of the folder.</summary>
    public const string Folder = "spare";

    private static readonly EnumerationOptions Plain = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };

    /// <summary>The spares, paths relative to <paramref name="root"/>; the steps are those of the checkpoints they were part of.</summary>
    public static IReadOnlyList<StoredFile> Look(string root)
    {
        string folder = Path.Combine(root, Folder);
        return FileStatus.Of(folder) is { IsFolder: true }
            ? [.. new DirectoryInfo(folder).EnumerateFiles("*", Plain).Select(f => new StoredFile($"{Folder}/{f.Name}", StepOf(f.Name), LengthOf(f)))]
            : [];
    }

    /// <summary>Where a retired file goes: one name for each, so that none takes another's place.</summary>
    public static string NameOf(string file) => $"{Folder}/{file.Replace('/', '.')}";

    /// <summary>A file to be written: over a fitting spare, else a new one. Where that has no room, the spares that do not fit make it.</summary>
    public static IWritableFile Create(IFileOperations files, string root, string path, long length)
    {
        foreach (StoredFile spare in RecycledSpace.Candidates(Look(root), length))
        {
            if (files.Reuse(Path.Combine(root, spare.File), path, length) is { } file)
            {
                return file;
            }
        }

        try
        {
            return files.Create(path, length);
        }
        catch (IOException) when (Look(root) is { Count: > 0 } spares)
        {
            foreach (StoredFile spare in spares)
            {
                files.DeleteFile(Path.Combine(root, spare.File));
            }

            return files.Create(path, length);
        }
    }

    private static long StepOf(string name) => CheckpointPaths.TryFolder(name.Split('.')[0], out long step) ? step : -1;

    // Another writer may take it between the listing and this.
    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
