DROP TABLE assets;
DROP TABLE asset_submissions;
