namespace MoeActors.Host.Configuration;

/// <summary>A secret that stands in a setting, or in the first line of a file that a second one names. No message ever holds its value.</summary>
internal static class SecretText
{
    /// <summary>Reads it; null when neither is set.</summary>
    public static string? Read(SettingsReader r, string key, string fileKey)
    {
        string value = r.Text(key);
        string? file = r.PathOrNull(fileKey);
        if (file is null)
        {
            return value.Length == 0 ? null : value;
        }

        if (value.Length > 0)
        {
            throw r.Wrong(fileKey, $"either it or {key}, not both");
        }

        try
        {
            return File.ReadLines(file).FirstOrDefault()?.Trim() is { Length: > 0 } secret ? secret : throw r.Wrong(fileKey, "a file with the secret in its first line");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw r.Wrong(fileKey, "a readable file with the secret in its first line");
        }
    }
}
