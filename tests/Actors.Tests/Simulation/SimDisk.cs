using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// A disk in POSIX terms: content is durable after a sync of the file, a name after a sync of its folder. A power failure keeps what is durable and, of the rest, whatever
/// chance leaves. Names are relative with '/'.
/// </summary>
internal sealed class SimDisk(Random random)
{
    private readonly Dictionary<string, Inode> live = [], durable = [];
    private readonly HashSet<string> folders = [], durableFolders = [], corrupted = [];

    /// <summary>A file's content; appended to, never changed.</summary>
    internal sealed class Inode
    {
        public List<byte> Bytes { get; } = [];

        public int Synced { get; set; }

        public bool IsDurable => Synced == Bytes.Count;

        /// <summary>Its content and tag, as it is read whole.</summary>
        public SmallObject Whole()
        {
            if (whole is null || whole.Content.Length != Bytes.Count)
            {
                byte[] content = [.. Bytes];
                whole = new SmallObject(content, Checksums.Of(content));
            }

            return whole;
        }

        private SmallObject? whole;
    }

    /// <summary>Operations that change something, so far.</summary>
    public long Operations { get; private set; }

    /// <summary>Told before each such operation; may throw.</summary>
    public Action<string> Before { get; set; } = static _ => { };

    /// <summary>Told after each.</summary>
    public Action After { get; set; } = static () => { };

    /// <summary>Names as processes see them.</summary>
    public IReadOnlyDictionary<string, Inode> Live => live;

    /// <summary>Names as they are after a power failure at best.</summary>
    public IReadOnlyDictionary<string, Inode> Durable => durable;

    /// <summary>Folders as processes see them.</summary>
    public IReadOnlySet<string> Folders => folders;

    public void Change(string what, Action change)
    {
        Operations++;
        Before(what);
        change();
        After();
    }

    /// <summary>A byte of a file changes where it lies.</summary>
    public void Corrupt(string name)
    {
        List<byte> bytes = live[name].Bytes;
        if (bytes.Count > 0)
        {
            bytes[^(1 + random.Next(Math.Max(1, bytes.Count / 4)))] ^= 1;
            corrupted.Add(name);
        }
    }

    /// <summary>Names of files that were changed so.</summary>
    public IReadOnlySet<string> Corrupted => corrupted;

    public void CreateFolder(string folder) => Change($"mkdir {folder}", () => folders.Add(folder));

    public void DeleteFolder(string folder)
    {
        if (folders.Contains(folder) && !live.Keys.Any(f => f.StartsWith(folder + "/", StringComparison.Ordinal)))
        {
            Change($"rmdir {folder}", () => folders.Remove(folder));
        }
    }

    public Inode Create(string name)
    {
        var inode = new Inode();
        Change($"create {name}", () => live[name] = inode);
        return inode;
    }

    public void Rename(string from, string to) => Change($"rename {from} {to}", () =>
    {
        live.Remove(from, out Inode? inode);
        live[to] = inode!;
    });

    public void Delete(string name)
    {
        if (live.ContainsKey(name))
        {
            Change($"unlink {name}", () => live.Remove(name));
        }
    }

    public void SyncFolder(string folder) => Change($"sync {folder}/", () =>
    {
        foreach (string name in live.Keys.Concat(durable.Keys).Where(n => CheckpointPaths.FolderOf(n) == folder).Distinct().ToArray())
        {
            Settle(durable, name, live.GetValueOrDefault(name));
        }

        if (folder.Length == 0)
        {
            durableFolders.Clear();
            durableFolders.UnionWith(folders);
        }
    });

    /// <summary>The power fails: names that were not synced are there or not, content that was not synced is cut short.</summary>
    public void LosePower()
    {
        foreach (string name in live.Keys.Concat(durable.Keys).Distinct().Order(StringComparer.Ordinal).ToArray())
        {
            Inode? now = live.GetValueOrDefault(name), then = durable.GetValueOrDefault(name);
            Inode? left = now == then || random.Next(2) == 0 ? then : now;
            string folder = CheckpointPaths.FolderOf(name);
            left = folder.Length > 0 && !durableFolders.Contains(folder) ? null : left;
            if (left is not null && !left.IsDurable)
            {
                int kept = random.Next(left.Synced, left.Bytes.Count + 1);
                left.Bytes.RemoveRange(kept, left.Bytes.Count - kept);
                left.Synced = kept;
            }

            Settle(durable, name, left);
            Settle(live, name, left);
        }

        folders.Clear();
        folders.UnionWith(durableFolders);
    }

    private static void Settle(Dictionary<string, Inode> names, string name, Inode? inode)
    {
        if (inode is null)
        {
            names.Remove(name);
        }
        else
        {
            names[name] = inode;
        }
    }
}
