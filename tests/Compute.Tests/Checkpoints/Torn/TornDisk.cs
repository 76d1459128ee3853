namespace MoeActors.Compute.Tests.Checkpoints.Torn;

/// <summary>
/// What a disk may hold after a power failure: all that was synced, and of the rest nothing (<c>random</c> = null) or any part: each change of a name kept or
/// lost by itself, each append whole, in part or not at all, with zeros where a later one came through.
/// </summary>
internal static class TornDisk
{
    /// <summary>Puts the disk after the first <paramref name="count"/> operations into the empty folder <paramref name="target"/>.</summary>
    public static void Write(IReadOnlyList<DiskOperation> log, int count, Random? random, string target)
    {
        var synced = new HashSet<int>(); // operations that are durable, by position
        for (int i = 0; i < count; i++)
        {
            switch (log[i])
            {
                case DiskOperation.Sync s:
                    synced.UnionWith(Enumerable.Range(0, i).Where(n => log[n] is DiskOperation.Append a && a.Inode == s.Inode));
                    break;
                case DiskOperation.SyncFolder f:
                    synced.UnionWith(Enumerable.Range(0, i).Where(n => FolderOf(log[n]) == f.Path));
                    break;
            }
        }

        bool Survives(int n) => synced.Contains(n) || (random is not null && random.Next(2) == 0);
        var folders = new HashSet<string> { "" };
        var names = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var lengths = new Dictionary<int, long>();
        for (int i = 0; i < count; i++)
        {
            if (log[i] is DiskOperation.Create { Inode: var made, Length: var length })
            {
                lengths[made] = length;
            }

            if (FolderOf(log[i]) is not null && Survives(i))
            {
                Apply(log[i], folders, names);
            }
        }

        foreach (string folder in folders.Where(f => f.Length > 0 && IsReachable(f, folders)).Order(StringComparer.Ordinal))
        {
            Directory.CreateDirectory(Path.Combine(target, folder));
        }

        foreach ((string path, int inode) in names.Where(n => IsReachable(Parent(n.Key), folders)))
        {
            File.WriteAllBytes(Path.Combine(target, path), Content(log, count, inode, lengths[inode], synced, random));
        }
    }

    /// <summary>The folder whose sync makes the operation durable; null where it changes no name.</summary>
    private static string? FolderOf(DiskOperation operation) => operation switch
    {
        DiskOperation.MakeFolder o => Parent(o.Path),
        DiskOperation.Create o => Parent(o.Path),
        DiskOperation.Rename o => Parent(o.To),
        DiskOperation.Unlink o => Parent(o.Path),
        DiskOperation.RemoveFolder o => Parent(o.Path),
        _ => null,
    };

    private static void Apply(DiskOperation operation, HashSet<string> folders, SortedDictionary<string, int> names)
    {
        switch (operation)
        {
            case DiskOperation.MakeFolder o:
                folders.Add(o.Path);
                break;
            case DiskOperation.Create o:
                names[o.Path] = o.Inode;
                break;
            case DiskOperation.Rename o:
                // The new name carries the file, whether or not its old name had ever become durable.
                names.Remove(o.From);
                names[o.To] = o.Inode;
                break;
            case DiskOperation.Unlink o:
                names.Remove(o.Path);
                break;
            case DiskOperation.RemoveFolder o:
                folders.Remove(o.Path);
                foreach (string inside in names.Keys.Where(n => n.StartsWith(o.Path + "/", StringComparison.Ordinal)).ToList())
                {
                    names.Remove(inside);
                }

                break;
        }
    }

    private static byte[] Content(IReadOnlyList<DiskOperation> log, int count, int inode, long length, HashSet<int> synced, Random? random)
    {
        using var content = new MemoryStream();
        long at = 0;
        for (int i = 0; i < count; i++)
        {
            if (log[i] is DiskOperation.Append { Bytes: var bytes } append && append.Inode == inode)
            {
                int kept = synced.Contains(i) ? bytes.Length : random?.Next(3) switch { 0 => bytes.Length, 1 => random.Next(bytes.Length + 1), _ => 0 };
                if (kept > 0)
                {
                    content.Position = at; // what lies between was lost: zeros
                    content.Write(bytes, 0, kept);
                }

                at += bytes.Length;
            }
        }

        if (random?.Next(2) == 0 && content.Length < length)
        {
            content.SetLength(length); // the room was reserved
        }

        return content.ToArray();
    }

    private static bool IsReachable(string folder, HashSet<string> folders) =>
        folder.Length == 0 || (folders.Contains(folder) && IsReachable(Parent(folder), folders));

    private static string Parent(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";
}
