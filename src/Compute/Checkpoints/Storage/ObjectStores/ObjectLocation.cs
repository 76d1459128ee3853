namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>"s3://bucket/prefix": where objects of a run, or of many, lie.</summary>
/// <param name="Bucket">Bucket.</param>
/// <param name="Prefix">What all keys begin with, without '/' at its ends; may be empty.</param>
public sealed record ObjectLocation(string Bucket, string Prefix)
{
    /// <summary>How such a location begins.</summary>
    public const string Scheme = "s3://";

    /// <summary>Whether <paramref name="location"/> names an object store at all.</summary>
    public static bool Names(string location) => location.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>Reads a location; null when it is none: no scheme, a bucket's name that cannot be, an empty or dotted part of the prefix.</summary>
    public static ObjectLocation? Parse(string text)
    {
        if (!Names(text))
        {
            return null;
        }

        string[] parts = text[Scheme.Length..].TrimEnd('/').Split('/');
        return IsBucket(parts[0]) && parts.Skip(1).All(IsPart) ? new ObjectLocation(parts[0], string.Join('/', parts.Skip(1))) : null;
    }

    /// <summary>The location below this one.</summary>
    public ObjectLocation Below(string part) => this with { Prefix = Prefix.Length == 0 ? part : $"{Prefix}/{part}" };

    /// <summary>Key of the object <paramref name="name"/>.</summary>
    public string Key(string name) => Prefix.Length == 0 ? name : $"{Prefix}/{name}";

    /// <summary>The location as it is written.</summary>
    public override string ToString() => Prefix.Length == 0 ? $"{Scheme}{Bucket}" : $"{Scheme}{Bucket}/{Prefix}";

    private static bool IsBucket(string name) =>
        name.Length is >= 3 and <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');

    private static bool IsPart(string part) =>
        part.Length > 0 && part is not ("." or "..") && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '=' or '@' or '+');
}
