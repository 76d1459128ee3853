namespace MoeActors.Host.Configuration;

/// <summary>Checks before a start.</summary>
/// <param name="Check">Whether disk and memory are checked.</param>
/// <param name="DiskReserve">Bytes that must stay free on disk.</param>
/// <param name="MemoryReserve">Bytes of memory that must stay free.</param>
internal sealed record ResourceSettings(bool Check, long DiskReserve, long MemoryReserve)
{
    /// <summary>Reads the section.</summary>
    public static ResourceSettings Read(SettingsReader r) =>
        new(r.Switch("resources.check"), r.Size("resources.disk-reserve"), r.Size("resources.memory-reserve"));
}
